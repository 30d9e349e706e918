import { describe, expect, it } from 'vitest'
import { type FakeWorld, type FakeWorldOverrides, fakeWorld } from '../fakes/fake-world.ts'
import { FILE, runCli } from './run-cli.ts'

const LITELLM = { apiVersion: 'apps/v1', kind: 'Deployment', name: 'litellm', namespace: 'litellm' }

async function deployed(overrides: FakeWorldOverrides = {}): Promise<FakeWorld> {
  const world = fakeWorld(overrides)
  const { code, stdout } = await runCli('deploy all --yes', { world })
  expect(code, stdout).toBe(0)
  return world
}

interface Spec {
  readonly replicas?: number
  readonly template: { readonly metadata: { readonly annotations?: Readonly<Record<string, string>> } }
}
const specOf = async (world: FakeWorld) => ((await world.kube.find(LITELLM))?.spec ?? {}) as Spec
const restartedAt = async (world: FakeWorld) =>
  (await specOf(world)).template.metadata.annotations?.['kubectl.kubernetes.io/restartedAt']
const helmCalls = (world: FakeWorld, method: string) => world.helm.calls.filter((call) => call.method === method)

describe('restart', () => {
  it('replaces the pods of the component, and is no drift afterwards', async () => {
    const world = await deployed()
    const { code, stdout } = await runCli('restart litellm --yes', { world })
    expect([code, stdout]).toEqual([0, expect.stringContaining('1 done')])
    expect(await restartedAt(world)).toMatch(/^\d{4}-\d\d-\d\dT/)
    expect((await runCli('plan --exit-code', { world })).code).toBe(0)
  })

  it('asks once, default no, and names what it restarts', async () => {
    const world = await deployed()
    const { code, stdout } = await runCli('restart litellm', { world, keys: [['Go on?', '\r']] })
    expect([code, await restartedAt(world)]).toEqual([130, undefined])
    expect(stdout).toContain('deployment litellm/litellm')
    expect((await runCli('restart litellm', { world, keys: [['Go on?', 'y\r']] })).code).toBe(0)
    expect(await restartedAt(world)).toBeDefined()
  })

  it('finds the kind of the workload by itself (B.67: the interface is a StatefulSet)', async () => {
    const world = await deployed()
    expect((await runCli('restart open-webui --yes', { world })).code).toBe(0)
  })

  it.each([
    ['restart all --yes', 2, 'restart works on one component, not on all'],
    ['restart irsa --yes', 2, 'irsa has no Helm release of its own'],
    ['restart litelm --yes', 2, 'did you mean "litellm"?'],
    ['restart litellm', 2, 'nobody can be asked here'],
  ])('%s is refused', async (args, code, text) => {
    const ended = await runCli(args, { world: fakeWorld() })
    expect([ended.code, ended.stderr]).toEqual([code, expect.stringContaining(text)])
  })

  it('names what is not deployed, with the command', async () => {
    const { code, stderr } = await runCli('restart litellm --yes', { world: fakeWorld() })
    expect([code, stderr]).toEqual([
      3,
      expect.stringMatching(/helm release litellm\/litellm is not there\n.*deploy litellm/),
    ])
  })
})

describe('scale', () => {
  it('sets the number, says that the next deploy sets it back, and how to keep it', async () => {
    const world = await deployed()
    const { code, stderr } = await runCli('scale litellm 5 --yes', { world })
    expect([code, (await specOf(world)).replicas]).toEqual([0, 5])
    expect(stderr).toContain('the configuration says 2: the next deploy sets it back')
    expect(stderr).toContain('to keep it, write into llmgw.yaml: gateway: { replicas: 5 }')
  })

  it('says nothing of the kind where the configuration says the same', async () => {
    const world = await deployed()
    const { stderr } = await runCli('scale litellm 2 --yes', { world })
    expect(stderr).not.toContain('sets it back')
  })

  it('leaves to an autoscaler what an autoscaler owns', async () => {
    const world = await deployed()
    world.kube.seed({
      apiVersion: 'autoscaling/v2',
      kind: 'HorizontalPodAutoscaler',
      metadata: { name: 'litellm', namespace: 'litellm' },
      spec: { minReplicas: 2, maxReplicas: 6, scaleTargetRef: { kind: 'Deployment', name: 'litellm' } },
    })
    const { code, stderr } = await runCli('scale litellm 5 --yes', { world })
    expect(code).toBe(3)
    expect(stderr).toContain(
      'horizontalpodautoscaler litellm/litellm keeps Deployment litellm between 2 and 6 replicas',
    )
    expect((await specOf(world)).replicas).not.toBe(5)
  })

  it.each([
    ['scale redis 5 --yes', 'write into llmgw.yaml: cache: { kind: redis-ha, replicas: 5 }'],
    ['scale openwebui 2 --yes', 'more than one Open WebUI needs PostgreSQL'],
    ['scale external-secrets 2 --yes', 'external-secrets is not scaled by hand'],
    ['scale litellm many --yes', 'expected a whole number'],
  ])('%s is refused', async (args, text) => {
    const ended = await runCli(args, { world: await deployed() })
    expect([ended.code, ended.stderr]).toEqual([2, expect.stringContaining(text)])
  })
})

/** A second revision of LiteLLM. */
async function upgraded(): Promise<{ readonly world: FakeWorld; readonly file: string }> {
  const world = await deployed()
  const file = `${FILE}gateway: { replicas: 4 }\n`
  expect((await runCli('deploy litellm --yes', { world, file })).code).toBe(0)
  expect((await world.helm.find('litellm', 'litellm'))?.revision).toBe(2)
  return { world, file }
}

describe('rollback', () => {
  it('goes back to the revision deployed before, and the next plan shows the difference', async () => {
    const { world, file } = await upgraded()
    const before = (await world.helm.history('litellm', 'litellm'))[1]?.inputs
    const { code, stderr } = await runCli('rollback litellm --yes', { world, file })
    expect(code).toBe(0)
    expect(stderr).toContain('the configuration still says otherwise')
    expect(stderr).toContain('migrations of the database are not undone')
    expect(await world.helm.find('litellm', 'litellm')).toMatchObject({
      revision: 3,
      status: 'deployed',
      inputs: before,
    })
    expect((await runCli('plan litellm --exit-code', { world, file })).code).toBe(4)
    expect((await runCli('plan litellm --exit-code', { world })).code).toBe(0)
  })

  it('takes the revision that is named, and shows from what to what before it asks', async () => {
    const { world, file } = await upgraded()
    const { code, stdout } = await runCli('rollback litellm 1', { world, file, keys: [['Go on?', '\r']] })
    expect([code, helmCalls(world, 'rollback')]).toEqual([130, []])
    expect(stdout.replaceAll(/\s+/g, ' ')).toMatch(/revision 2, litellm 1\.0\.0, .* -> revision 1, litellm 1\.0\.0/)
  })

  it('names the revisions there are', async () => {
    const { world, file } = await upgraded()
    for (const [word, text] of [
      ['9', 'revision 9 is not kept'],
      ['2', 'revision 2 is the newest one'],
    ]) {
      const { code, stderr } = await runCli(`rollback litellm ${word} --yes`, { world, file })
      expect([code, stderr]).toEqual([2, expect.stringContaining(text ?? '')])
      expect(stderr).toContain('there are: 1')
    }
    const { code } = await runCli('rollback redis --yes', { world, file })
    expect(code).toBe(3)
  })

  it('never goes back to what did not get ready, whatever Helm calls it', async () => {
    let sick = false
    const world = await deployed({
      verdict: ({ kind, name }) =>
        sick && kind === 'Deployment' && name === 'litellm' ? { failed: 'no such image' } : 'ready',
    })
    const replicas = (count: number) => `${FILE}gateway: { replicas: ${count} }\n`
    sick = true
    expect((await runCli('deploy litellm --yes', { world, file: replicas(4) })).code).toBe(1)
    expect(await world.helm.find('litellm', 'litellm')).toMatchObject({ status: 'deployed', unready: true })
    sick = false
    expect((await runCli('deploy litellm --yes', { world, file: replicas(5) })).code).toBe(0)
    const named = await runCli('rollback litellm 2 --yes', { world, file: replicas(5) })
    expect([named.code, named.stderr]).toEqual([2, expect.stringContaining('revision 2 did not get ready')])
    expect((await runCli('rollback litellm --yes', { world, file: replicas(5) })).code).toBe(0)
    const kept = await world.helm.history('litellm', 'litellm')
    const inputsOf = (revision: number) => kept.find((one) => one.revision === revision)?.inputs
    expect([inputsOf(4), inputsOf(4) === inputsOf(1), inputsOf(2) === inputsOf(1)]).toEqual([
      expect.any(String),
      true,
      false,
    ])
  })

  it('the cause is told, also where the note cannot be written', async () => {
    let sick = false
    const world = await deployed({
      verdict: ({ kind, name }) =>
        sick && kind === 'Deployment' && name === 'litellm' ? { failed: 'no such image' } : 'ready',
    })
    sick = true
    world.helm.failNext('noteReady', new Error('the API server is away'))
    const { code, stdout, stderr } = await runCli('deploy litellm --yes', {
      world,
      file: `${FILE}gateway: { replicas: 4 }\n`,
    })
    expect(code).toBe(1)
    expect(stderr + stdout).toContain('no such image')
    expect(stderr + stdout).toContain('could not note on litellm that it did not get ready: the API server is away')
  })

  it('a revision that got ready after all is one to go back to', async () => {
    let sick = false
    const world = await deployed({
      verdict: ({ kind, name }) =>
        sick && kind === 'Deployment' && name === 'litellm' ? { failed: 'no such image' } : 'ready',
    })
    const file = `${FILE}gateway: { replicas: 4 }\n`
    sick = true
    expect((await runCli('deploy litellm --yes', { world, file })).code).toBe(1)
    sick = false
    expect((await runCli('deploy litellm --yes', { world, file })).code).toBe(0)
    expect((await world.helm.find('litellm', 'litellm'))?.unready).not.toBe(true)
  })

  it("leaves another deployment's release alone", async () => {
    const { world } = await upgraded()
    const record = await world.helm.find('litellm', 'litellm')
    if (record) world.helm.seed({ ...record, deployment: 'other' })
    const { code, stderr } = await runCli('rollback litellm --yes', { world })
    expect([code, stderr]).toEqual([3, expect.stringContaining('belongs to deployment "other"')])
  })
})

// A failed deploy and two looks at a platform of a hundred objects: much for a busy machine.
describe('deploy --rollback-on-failure (B.37)', { timeout: 120_000 }, () => {
  const file = `${FILE}gateway: { replicas: 4 }\n`

  /** A world in which the next rollout of LiteLLM fails, once `spoil` was called. */
  async function brittle(): Promise<{ readonly world: FakeWorld; spoil(): void }> {
    let spoiled = false
    const world = await deployed({
      verdict({ kind, name }) {
        if (!spoiled || kind !== 'Deployment' || name !== 'litellm') return 'ready'
        spoiled = false
        return { failed: 'no such image' }
      },
    })
    return {
      world,
      spoil: () => {
        spoiled = true
      },
    }
  }

  it('prints the cause, goes back, and ends with 1', async () => {
    const { world, spoil } = await brittle()
    spoil()
    const { code, stderr } = await runCli('deploy litellm --yes --rollback-on-failure', { world, file })
    expect(code).toBe(1)
    const told = stderr.indexOf('no such image')
    expect(told).toBeGreaterThan(0)
    expect(stderr.indexOf('rolling helm release litellm/litellm back to revision 1')).toBeGreaterThan(told)
    const kept = (await world.helm.history('litellm', 'litellm')).map(({ revision, status }) => [revision, status])
    expect(kept).toEqual([
      [3, 'deployed'],
      [2, 'failed'],
      [1, 'superseded'],
    ])
  })

  it('leaves a failed release as it is without the flag', async () => {
    const { world, spoil } = await brittle()
    spoil()
    expect((await runCli('deploy litellm --yes', { world, file })).code).toBe(1)
    expect(helmCalls(world, 'rollback')).toEqual([])
  })

  it('goes back from an upgrade that helm itself could not finish', async () => {
    const world = await deployed()
    world.helm.failNext('upgrade', Object.assign(new Error('hook failed'), { code: 'HelmFailed' }))
    const { code, stderr } = await runCli('deploy litellm --yes --rollback-on-failure', { world, file })
    expect(code).toBe(1)
    expect(stderr).toContain('hook failed')
    expect(await world.helm.find('litellm', 'litellm')).toMatchObject({ revision: 3, status: 'deployed' })
  })

  it('says that a first install has nothing to go back to', async () => {
    const world = fakeWorld()
    world.helm.failNext('upgrade', new Error('hook failed'))
    const { code, stderr } = await runCli('deploy all --yes --rollback-on-failure', { world })
    expect(code).toBe(1)
    expect(stderr).toContain('has no earlier revision to go back to')
    expect(helmCalls(world, 'rollback')).toEqual([])
  })
})
