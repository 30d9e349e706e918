import { mkdtemp, rm, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import { useDeployedSandbox } from './world/deployed.ts'
import { llmgw } from './world/llmgw.ts'

const sandbox = useDeployedSandbox('e2e-lean', { deploy: false })
const ci = { INTERACTIVE_MODE: 'false' }
let folder: string

beforeAll(async () => {
  folder = await mkdtemp(join(tmpdir(), 'llmgw-lean-'))
  await writeFile(join(folder, 'llmgw.yaml'), 'apiVersion: llmgw/v1\npreset: lean\nstorage: { manage: create }\n')
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
})
