import { mkdtemp, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import { down, type SandboxConnection, up } from '../../src/sandbox/index.ts'
import { sandboxCharts, sandboxShell } from '../sandbox-under-test.ts'
import { type CountingHelm, countingHelm } from './world/counting-helm.ts'
import { type Ended, llmgw, useHome, userEnvironment } from './world/llmgw.ts'
import { RELEASES, REMOTE_SECRETS, ROLES, SYNCED } from './world/platform.ts'
import { secretVersions, snapshot, type Witness, witness } from './world/snapshot.ts'

const NAME = 'e2e-deploy'
const silent = (): void => undefined
const never = new AbortController().signal
const home = useHome()

let dir: string
let helm: CountingHelm
let connection: SandboxConnection
let at: Witness
let env: Record<string, string | undefined>

beforeAll(async () => {
  dir = await mkdtemp(join(tmpdir(), 'llmgw-e2e-'))
  // The first start finds the real helm; the second one is told to use the one that counts.
  const first = await up({ name: NAME, shell: sandboxShell() }, silent, never)
  await down({ name: NAME, shell: sandboxShell() }, silent, never)
  helm = await countingHelm(dir, first.helm)
  const shell = { ...sandboxShell(), LLMGW_SANDBOX_BIN_DIR: helm.binDir }
  connection = await up({ name: NAME, shell }, silent, never)
  at = await witness(connection)
  env = { ...userEnvironment(shell, await home()), LLMGW_SANDBOX_BIN_DIR: helm.binDir }
})

afterAll(async () => {
  await down({ name: NAME, shell: sandboxShell() }, silent, never)
  await rm(dir, { recursive: true, force: true })
})

const run = (words: string, more: Record<string, string> = {}): Promise<Ended> =>
  llmgw([...words.split(' '), `--sandbox=${NAME}`], { env: { ...env, ...more } })
const ci = { INTERACTIVE_MODE: 'false' }
/** `npm run test:charts` runs this file against the real charts. */
const standIns = sandboxCharts() === 'stand-in'
const state = () => snapshot(at, { roles: ROLES, secrets: REMOTE_SECRETS })

describe.sequential('a platform from nothing to nothing', () => {
  test('without a terminal and without consent nothing is done', async () => {
    const before = await state()
    const ended = await run('deploy all')
    expect(ended.code, ended.output).toBe(2)
    expect(ended.output).toMatch(/INTERACTIVE_MODE=false|--yes/)
    expect(await state()).toEqual(before)
  })

  test('plan says what would be created, and creates nothing', async () => {
    const before = await state()
    const ended = await run('plan --exit-code')
    expect(ended.code, ended.output).toBe(4)
    expect(ended.stdout).toMatch(/helm release external-secrets\/external-secrets/)
    expect(/stand-in chart/.test(ended.stdout)).toBe(standIns)
    expect(await state()).toEqual(before)
  })

  test('verify fails where nothing is deployed', async () => {
    const ended = await run('verify')
    expect(ended.code, ended.output).toBe(1)
  })

  test('deploy all brings everything up and proves it', async () => {
    const ended = await run('deploy all', ci)
    expect(ended.code, ended.output).toBe(0)
    expect(/stand-in chart/.test(ended.output)).toBe(standIns)
    expect((await helm.calls()).filter((call) => call.startsWith('upgrade '))).toHaveLength(RELEASES.length)
  })

  test('the Kubernetes Secrets hold what Secrets Manager holds', async () => {
    for (const { namespace, name, keys } of SYNCED) {
      const found = await at.kube.find({ apiVersion: 'v1', kind: 'Secret', namespace, name })
      const data = (found?.data ?? {}) as Record<string, string>
      expect(Object.keys(data).sort()).toEqual(Object.keys(keys).sort())
      for (const [key, remote] of Object.entries(keys)) {
        const current = await at.aws.secretsManager.value(remote)
        expect(
          Buffer.from(data[key] ?? '', 'base64').toString('utf8') === current?.value.reveal(),
          `${name}.${key}`,
        ).toBe(true)
      }
    }
  })

  test('a second deploy changes nothing, starts no helm process and says so', async () => {
    const before = await state()
    const calls = await helm.calls()
    const ended = await run('deploy all', ci)
    expect(ended.code, ended.output).toBe(0)
    expect(ended.stdout).toMatch(/nothing was changed; no helm process was started/)
    expect(await helm.calls()).toEqual(calls)
    expect(await state()).toEqual(before)
  })

  test('a second plan is empty', async () => {
    const ended = await run('plan --exit-code')
    expect(ended.code, ended.output).toBe(0)
  })

  test('verify passes, and fails when a role loses its policy', async () => {
    expect((await run('verify')).code).toBe(0)
    const [, role = ''] = ROLES
    const policies = Object.entries((await at.aws.iam.findRole(role))?.inline ?? {})
    expect(policies.length).toBeGreaterThan(0)
    for (const [policy] of policies) await at.aws.iam.removeInlinePolicy(role, policy)
    const broken = await run('verify')
    expect(broken.code, broken.output).toBe(1)
    expect(broken.output).toContain(role)
    expect((await run('deploy irsa', ci)).code).toBe(0)
    expect(Object.keys((await at.aws.iam.findRole(role))?.inline ?? {})).toEqual(policies.map(([policy]) => policy))
    expect((await run('verify')).code).toBe(0)
  })

  test('a drift by hand is seen by plan and status, and mended by deploy without a new secret version', async () => {
    const versions = await secretVersions(at, REMOTE_SECRETS)
    const ref = { apiVersion: 'apps/v1', kind: 'StatefulSet', namespace: 'litellm', name: 'redis-redis-ha-server' }
    await at.kube.patch(ref, { spec: { replicas: 2 } })
    const plan = await run('plan --exit-code')
    expect(plan.code, plan.output).toBe(4)
    expect(plan.stdout).toMatch(/redis-redis-ha-server/)
    expect((await run('deploy all', ci)).code).toBe(0)
    expect((await at.kube.find(ref))?.spec).toMatchObject({ replicas: 3 })
    expect(await secretVersions(at, REMOTE_SECRETS)).toEqual(versions)
  })

  test('SKIP_ALL leaves a drift alone', async () => {
    const ref = { apiVersion: 'v1', kind: 'Namespace', name: 'monitoring' }
    await at.kube.patch(ref, { metadata: { labels: { 'pod-security.kubernetes.io/enforce': 'restricted' } } })
    const before = await state()
    const ended = await run('deploy all', { ...ci, SKIP_ALL: 'true' })
    expect(ended.code, ended.output).toBe(0)
    expect(await state()).toEqual(before)
    expect((await run('deploy namespaces', ci)).code).toBe(0)
    expect((await at.kube.find(ref))?.metadata.labels?.['pod-security.kubernetes.io/enforce']).toBe('privileged')
  })

  test('one component alone refuses what others still need, and destroys with a typed name', async () => {
    const refused = await run('destroy external-secrets --yes --confirm llmgw')
    expect(refused.code, refused.output).toBe(3)
    expect(refused.output).toMatch(/redis/)
    const wrong = await run('destroy redis --yes --confirm other')
    expect(wrong.code, wrong.output).toBe(2)
    expect(
      await at.kube.find({
        apiVersion: 'apps/v1',
        kind: 'StatefulSet',
        namespace: 'litellm',
        name: 'redis-redis-ha-server',
      }),
    ).toBeDefined()
    const needed = await run('destroy redis --yes --confirm llmgw')
    expect(needed.code, needed.output).toBe(3)
    expect(needed.output).toMatch(/litellm/)
    const redis = await run('destroy litellm openwebui redis --yes --confirm llmgw')
    expect(redis.code, redis.output).toBe(0)
    expect(
      await at.kube.find({
        apiVersion: 'apps/v1',
        kind: 'StatefulSet',
        namespace: 'litellm',
        name: 'redis-redis-ha-server',
      }),
    ).toBeUndefined()
    const claims = await at.kube.list({ apiVersion: 'v1', kind: 'PersistentVolumeClaim', namespace: 'litellm' })
    expect(claims.length).toBeGreaterThan(0)
  })

  test('destroy all schedules the deletion of secrets, and a deploy brings them back only when asked', async () => {
    const versions = await secretVersions(at, REMOTE_SECRETS)
    const gone = await run('destroy all --yes --confirm llmgw')
    expect(gone.code, gone.output).toBe(0)
    for (const role of ROLES) expect(await at.aws.iam.findRole(role)).toBeUndefined()
    expect((await at.aws.secretsManager.describe('litellm/master-key'))?.deletedAt).toBeDefined()
    const again = await run('destroy all --yes --confirm llmgw')
    expect(again.code, again.output).toBe(0)
    const refused = await run('deploy all', ci)
    expect(refused.code, refused.output).not.toBe(0)
    expect(refused.output).toMatch(/--restore-secrets/)
    const restored = await run('deploy all --restore-secrets', ci)
    expect(restored.code, restored.output).toBe(0)
    expect(await secretVersions(at, REMOTE_SECRETS)).toEqual(versions)
  })
})
