import { mkdtemp, rm, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import { cacheCertificate } from '../fakes/cache-certificate.ts'
import { useDeployedSandbox } from './world/deployed.ts'
import { llmgw } from './world/llmgw.ts'

const sandbox = useDeployedSandbox('e2e-lean', { deploy: false })
const ci = { INTERACTIVE_MODE: 'false' }
let folder: string

const LEAN = 'apiVersion: llmgw/v1\npreset: lean\nstorage: { manage: create }\n'
const CACHE = 'kind: redis-ha, replicas: 3, storage: 1Gi, memory: 128Mi'

beforeAll(async () => {
  folder = await mkdtemp(join(tmpdir(), 'llmgw-lean-'))
  await writeFile(join(folder, 'llmgw.yaml'), LEAN)
})
afterAll(async () => await rm(folder, { recursive: true, force: true }))

const run = (words: string) =>
  llmgw([...words.split(' '), '--sandbox=e2e-lean', '--config', join(folder, 'llmgw.yaml')], {
    env: { ...sandbox.env, ...ci },
  })

describe.sequential('the lean preset', () => {
  test('fails its checks before it is deployed', async () => {
    expect((await run('verify')).code).toBe(1)
  })

  test('comes up from nothing, verified, with the gateway, its interface and what they need alone', async () => {
    const ended = await run('deploy all')
    expect(ended.code, ended.output).toBe(0)
    const secrets = await sandbox.at.kube.list({ apiVersion: 'v1', kind: 'Secret', labelSelector: 'owner=helm' })
    const releases = [...new Set(secrets.map(({ metadata }) => `${metadata.namespace}/${metadata.labels?.name}`))]
    expect(releases.sort()).toEqual([
      'external-secrets/external-secrets',
      'llm-gateway/litellm',
      'llm-gateway/open-webui',
    ])
  })

  test('stays as it is: a second deploy changes nothing, and the plan is empty', async () => {
    const again = await run('deploy all')
    expect([again.code, again.stdout]).toEqual([0, expect.stringContaining('nothing was changed')])
    const plan = await run('plan --exit-code --deep')
    expect(plan.code, plan.output).toBe(0)
  })

  test('with a Redis that speaks TLS: not without a certificate, not beside servers that do not, else whole', async () => {
    const { kube } = sandbox.at
    const servers = {
      apiVersion: 'apps/v1',
      kind: 'StatefulSet',
      namespace: 'llm-gateway',
      name: 'redis-redis-ha-server',
    }
    await writeFile(join(folder, 'llmgw.yaml'), `${LEAN}cache: { ${CACHE}, tls: { secretName: redis-tls } }\n`)
    const without = await run('deploy all')
    expect([without.code, without.output]).toEqual([3, expect.stringContaining('CacheCertificateMissing')])
    expect(await kube.find(servers)).toBeUndefined()

    const secret = cacheCertificate({ names: ['redis-redis-ha-haproxy.llm-gateway.svc', 'localhost'] })
    await kube.apply({ ...secret, metadata: { ...secret.metadata, namespace: 'llm-gateway' } })
    const ended = await run('deploy all')
    expect(ended.code, ended.output).toBe(0)
    expect((await run('verify --only redis-certificate')).stdout).toMatch(/^pass {2}Certificate of Redis/)
    const live = JSON.stringify((await kube.find(servers))?.spec)
    for (const one of ['"name":"redis-tls"', '"name":"sentinel-tls"', '"value":"rediss://localhost:6379"'])
      expect(live).toContain(one)
    for (const one of ['"containerPort":6379,"name":"redis"', '"containerPort":26379,"name":"sentinel"'])
      expect(live).not.toContain(one)
    const gateway = await kube.find({ ...servers, kind: 'Deployment', name: 'litellm' })
    expect(JSON.stringify(gateway?.spec)).toContain(
      '{"name":"REDIS_SSL_CA_DATA","valueFrom":{"secretKeyRef":{"name":"redis-tls","key":"ca.crt"}}}',
    )
    const plan = await run('plan --exit-code')
    expect(plan.code, plan.output).toBe(0)

    await writeFile(join(folder, 'llmgw.yaml'), `${LEAN}cache: { ${CACHE} }\n`)
    const back = await run('deploy all')
    expect([back.code, back.output]).toEqual([3, expect.stringContaining('CacheTlsSwitched')])
  })
})
