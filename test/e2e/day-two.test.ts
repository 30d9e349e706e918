import { mkdtemp, rm, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import { stringify } from 'yaml'
import { useDeployedSandbox } from './world/deployed.ts'
import { type Ended, llmgw } from './world/llmgw.ts'
import { ROLES } from './world/platform.ts'
import { snapshot } from './world/snapshot.ts'
import { SPINE, SPINE_SECRETS } from './world/spine.ts'

const sandbox = useDeployedSandbox('e2e-day-two', { deploy: true })
const LITELLM = { apiVersion: 'apps/v1', kind: 'Deployment', namespace: 'litellm', name: 'litellm' }
const AUTOSCALER = { ...LITELLM, apiVersion: 'autoscaling/v2', kind: 'HorizontalPodAutoscaler' }
const AUTOSCALED = { gateway: { autoscaling: { kind: 'cpu', minReplicas: 2, maxReplicas: 4 } } }
/** The namespace's PodSecurity refuses these pods, so this revision never gets ready. */
const REFUSED = {
  components: {
    litellm: { values: { gateway: { securityContext: { privileged: true, allowPrivilegeEscalation: true } } } },
  },
}
const state = () => snapshot(sandbox.at, { roles: ROLES, secrets: SPINE_SECRETS })

let folder: string
beforeAll(async () => {
  folder = await mkdtemp(join(tmpdir(), 'llmgw-day-two-'))
})
afterAll(async () => await rm(folder, { recursive: true, force: true }))

/** Runs `llmgw …` in CI with these settings over those that are deployed. */
async function run(words: string, settings: Readonly<Record<string, unknown>> = {}): Promise<Ended> {
  const file = join(folder, 'llmgw.yaml')
  await writeFile(file, stringify({ apiVersion: 'llmgw/v1', ...SPINE, ...settings }))
  const flags = ['--sandbox=e2e-day-two', '--config', file]
  return await llmgw([...words.split(' '), ...flags], { env: { ...sandbox.env, INTERACTIVE_MODE: 'false' } })
}

/** Every pod of the cluster, `namespace/name` to uid; pods that go do not count any more. */
async function pods(): Promise<ReadonlyMap<string, string | undefined>> {
  const found = await sandbox.at.kube.list({ apiVersion: 'v1', kind: 'Pod' })
  return new Map(
    found
      .filter(({ metadata }) => metadata.deletionTimestamp === undefined)
      .map(({ metadata }) => [`${metadata.namespace}/${metadata.name}`, metadata.uid]),
  )
}

/** Identities of the pods that keep a component running, and of all others. */
async function identities(isOne: RegExp) {
  const all = [...(await pods())]
  return {
    own: all.filter(([name]) => isOne.test(name)).map(([, uid]) => uid),
    others: all.filter(([name]) => !isOne.test(name)).map((pod) => pod.join(' ')),
  }
}

/** Revisions of LiteLLM as Helm keeps them, oldest first: number and status. */
async function history() {
  const secrets = await sandbox.at.kube.list({
    apiVersion: 'v1',
    kind: 'Secret',
    namespace: 'litellm',
    labelSelector: 'owner=helm,name=litellm',
  })
  return secrets
    .map(({ metadata: { labels = {} } }) => `${labels.version} ${labels.status}`)
    .sort((a, b) => Number.parseInt(a, 10) - Number.parseInt(b, 10))
}

/** Replicas that are wanted, and those that are ready. */
async function replicas(): Promise<readonly [number | undefined, number | undefined]> {
  const found = await sandbox.at.kube.find(LITELLM)
  const { replicas: wanted } = (found?.spec ?? {}) as { readonly replicas?: number }
  const { readyReplicas } = (found?.status ?? {}) as { readonly readyReplicas?: number }
  return [wanted, readyReplicas]
}

describe.sequential('day two, on a platform that runs', () => {
  test('restart replaces the pods of its component and no others, and is no drift', async () => {
    const isRedis = /^litellm\/redis-redis-ha-/
    const before = await identities(isRedis)
    expect(before.own.length).toBeGreaterThan(3)
    expect(before.others.length).toBeGreaterThan(3)
    const ended = await run('restart redis')
    expect(ended.code, ended.output).toBe(0)
    const after = await identities(isRedis)
    expect(after.own).toHaveLength(before.own.length)
    expect(after.own.filter((uid) => before.own.includes(uid))).toEqual([])
    expect(after.others).toEqual(before.others)
    expect((await run('plan --exit-code')).code).toBe(0)
  })

  test('scale sets the number, which is drift until a deploy sets it back', async () => {
    const ended = await run('scale litellm 3')
    expect(ended.code, ended.output).toBe(0)
    expect(await replicas()).toEqual([3, 3])
    expect(ended.output).toContain('gateway: { replicas: 3 }')
    const plan = await run('plan --exit-code')
    expect([plan.code, plan.stdout]).toEqual([4, expect.stringContaining('spec.replicas')])
    expect((await run('deploy litellm')).code).toBe(0)
    expect(await replicas()).toEqual([2, 2])
  })

  test('where an autoscaler keeps the replicas, scale is refused and changes nothing', async () => {
    const deployed = await run('deploy litellm', AUTOSCALED)
    expect(deployed.code, deployed.output).toBe(0)
    expect(await sandbox.at.kube.find(AUTOSCALER)).toBeDefined()
    const before = await state()
    const ended = await run('scale litellm 3', AUTOSCALED)
    expect([ended.code, ended.output]).toEqual([3, expect.stringContaining('between 2 and 4 replicas')])
    expect(await state()).toEqual(before)
  })

  test('rollback to a revision that is not there is refused, names those there are, and changes nothing', async () => {
    const before = await state()
    const ended = await run('rollback litellm 99', AUTOSCALED)
    expect([ended.code, ended.output]).toEqual([2, expect.stringContaining('revision 99 is not kept')])
    const none = await run('rollback redis', AUTOSCALED)
    expect(none.code, none.output).toBe(3)
    expect(await state()).toEqual(before)
  })

  test('rollback brings back what the revision before had, and the plan shows what the configuration says', async () => {
    const kept = await history()
    const ended = await run('rollback litellm', AUTOSCALED)
    expect(ended.code, ended.output).toBe(0)
    expect(await sandbox.at.kube.find(AUTOSCALER)).toBeUndefined()
    expect(await replicas()).toEqual([2, 2])
    expect(await history()).toHaveLength(kept.length + 1)
    expect((await run('plan --exit-code', AUTOSCALED)).code).toBe(4)
    const plan = await run('plan --exit-code')
    expect(plan.code, plan.output).toBe(0)
  })

  test('a deploy that fails goes back to the revision before, says so, and keeps the history', async () => {
    const isProxy = /^litellm\/litellm-(?!migrations)/
    const [kept, serving] = [await history(), (await identities(isProxy)).own]
    const ended = await run('deploy litellm --rollback-on-failure', REFUSED)
    expect(ended.code, ended.output).toBe(1)
    const told = ended.output.indexOf('violates PodSecurity')
    const back = ended.output.indexOf(`rolling helm release litellm/litellm back to revision ${kept.length}`)
    expect([told > 0, back > told], ended.output).toEqual([true, true])
    expect(ended.output).toContain('(RolledBack)')
    const [failed, deployed] = [kept.length + 1, kept.length + 2]
    const superseded = kept.map((line) => line.replace('deployed', 'superseded'))
    expect(await history()).toEqual([...superseded, `${failed} failed`, `${deployed} deployed`])
    expect((await identities(isProxy)).own).toEqual(serving)
    const plan = await run('plan --exit-code')
    expect(plan.code, plan.output).toBe(0)
    const again = await run(`rollback litellm ${failed}`)
    expect([again.code, again.output]).toEqual([2, expect.stringContaining('never worked')])
  })

  test('without the flag it is left as it failed, and the next deploy mends it', async () => {
    const kept = await history()
    const ended = await run('deploy litellm', REFUSED)
    expect(ended.code, ended.output).toBe(1)
    expect(await history()).toHaveLength(kept.length + 1)
    const mended = await run('deploy litellm')
    expect(mended.code, mended.output).toBe(0)
    expect((await run('plan --exit-code')).code).toBe(0)
  })
})
