import { describe, expect, it } from 'vitest'
import { fakeWorld } from '../fakes/fake-world.ts'
import { FILE, runCli } from './run-cli.ts'

const CONSTRAINT = {
  apiVersion: 'constraints.gatekeeper.sh/v1beta1',
  kind: 'LlmgwProbes',
  name: 'llmgw-probes',
}
const VIOLATION = { kind: 'StatefulSet', namespace: 'litellm', name: 'redis', message: 'no probes: sentinel' }
/** Later than anything that a fake world was made at. */
const LATER = '2026-01-01T00:10:00Z'

async function deployed(file = FILE) {
  const world = fakeWorld()
  expect((await runCli('deploy all --yes', { world, file })).code).toBe(0)
  const live = await world.kube.list({ apiVersion: 'templates.gatekeeper.sh/v1', kind: 'ConstraintTemplate' })
  for (const { spec } of live) {
    const { kind } = (spec as { crd: { spec: { names: { kind: string } } } }).crd.spec.names
    for (const { metadata } of await world.kube.list({ apiVersion: CONSTRAINT.apiVersion, kind }))
      audited(world, { ...CONSTRAINT, kind, name: metadata.name }, { totalViolations: 0 })
  }
  return world
}

function audited(
  { kube }: ReturnType<typeof fakeWorld>,
  ref: typeof CONSTRAINT,
  status: Readonly<Record<string, unknown>>,
): void {
  const byPod = [{ id: 'gatekeeper-0', observedGeneration: 9, enforced: true }]
  kube.setStatus(ref, { byPod, auditTimestamp: LATER, ...status })
}

const enforcement = async (world: ReturnType<typeof fakeWorld>) =>
  ((await world.kube.find(CONSTRAINT))?.spec as { enforcementAction: string } | undefined)?.enforcementAction

describe('policy status', () => {
  it('shows what breaks a policy, and what was not looked for', async () => {
    const world = await deployed()
    audited(world, CONSTRAINT, { totalViolations: 3, violations: [VIOLATION] })
    world.kube.setStatus({ ...CONSTRAINT, kind: 'LlmgwNoLatestTag', name: 'llmgw-no-latest-tag' }, {})
    const { code, stdout } = await runCli('policy status', { world })
    expect(code).toBe(0)
    expect(stdout).toMatch(/^probes +dryrun +3 /m)
    expect(stdout).toContain('StatefulSet litellm/redis: no probes: sentinel')
    expect(stdout).toContain('and 2 more, which Gatekeeper does not list')
    // Not looked for is not nothing.
    expect(stdout).toMatch(/^no-latest-tag +dryrun +unknown +not audited yet$/m)
    expect(stdout).toMatch(/^mcp-server-authentication +none +- +never: the cluster has no CRD mcpservers/m)
    expect((await runCli('policy status --exit-code', { world })).code).toBe(4)
  })

  it('could not look is an error, not a clean table', async () => {
    const world = await deployed()
    world.kube.failNext(({ ref }) => ref.kind === 'LlmgwProbes', new Error('no answer'))
    expect((await runCli('policy status', { world })).code).not.toBe(0)
  })
})

describe('policy enforce', () => {
  it('denies what nothing breaks; a deploy leaves it so, and writes nothing', async () => {
    const world = await deployed()
    const { code, stdout } = await runCli('policy enforce --yes', { world })
    expect([code, stdout]).toEqual([0, expect.stringContaining('policies:\n  enforcement: deny')])
    expect(await enforcement(world)).toBe('deny')
    const before = world.writes().length
    expect((await runCli('deploy policies --yes', { world })).code).toBe(0)
    expect(world.writes().length).toBe(before)
    expect(await enforcement(world)).toBe('deny')
  })

  it('refuses, unwritten, where something breaks it, and names what; --only enforces the others', async () => {
    const world = await deployed()
    audited(world, CONSTRAINT, { totalViolations: 1, violations: [VIOLATION] })
    const before = world.writes().length
    const refused = await runCli('policy enforce --yes', { world })
    expect(refused.code).toBe(1)
    expect(refused.stderr).toContain('1 violation of probes: nothing was enforced')
    expect(refused.stderr).toContain('probes: StatefulSet litellm/redis: no probes: sentinel')
    expect(refused.stderr).toContain('llmgw policy enforce --only allowed-registries,')
    expect(world.writes().length).toBe(before)
    const { code, stdout } = await runCli('policy enforce --only LlmgwNoLatestTag --yes', { world })
    expect([code, stdout]).toEqual([0, expect.stringContaining('  overrides:\n    no-latest-tag: deny')])
    expect(await enforcement(world)).toBe('dryrun')
  })

  it('refuses what the next deploy would undo', async () => {
    const file = `${FILE}policies: { enforcement: dryrun }\n`
    const world = await deployed(file)
    const { code, stderr } = await runCli('policy enforce --yes', { world, file })
    expect([code, stderr]).toEqual([2, expect.stringContaining('policies.enforcement is dryrun')])
    expect(await enforcement(world)).toBe('dryrun')
  })

  it('is loosened by a line in the configuration only, which the plan shows', async () => {
    const world = await deployed()
    await runCli('policy enforce --yes', { world })
    const file = `${FILE}policies: { overrides: { probes: dryrun } }\n`
    const { stdout } = await runCli('plan policies', { world, file })
    expect(stdout).toMatch(/enforcementAction.*deny.*dryrun/)
  })

  it('asks in a terminal, default no; without one it needs --yes', async () => {
    const world = await deployed()
    const nobody = await runCli('policy enforce', { world })
    expect([nobody.code, nobody.stderr]).toEqual([2, expect.stringContaining('nobody can be asked')])
    const declined = await runCli('policy enforce', { world, keys: [['Go on?', '\r']] })
    expect(declined.code).toBe(130)
    expect(await enforcement(world)).toBe('dryrun')
  })

  it('names a policy that there is not, and the one that was meant', async () => {
    const { code, stderr } = await runCli('policy enforce --only no-latest-tags --yes', { world: fakeWorld() })
    expect([code, stderr]).toEqual([2, expect.stringContaining('did you mean "no-latest-tag"?')])
  })
})
