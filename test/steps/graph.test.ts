import { describe, expect, it } from 'vitest'
import { decide } from '../../src/engine/decide.ts'
import { buildGraph } from '../../src/engine/graph.ts'
import { look } from '../../src/engine/look.ts'
import { execute } from '../../src/engine/run.ts'
import { teardown } from '../../src/engine/teardown.ts'
import type { Services } from '../../src/ports/index.ts'
import { components, steps } from '../../steps/index.ts'
import { checks } from '../../steps/verify/index.ts'
import { type FakeWorld, fakeWorld } from '../fakes/fake-world.ts'

const graph = buildGraph<Services>(steps)
const common = (world: FakeWorld) => ({
  signal: new AbortController().signal,
  emit: () => undefined,
  clock: world.clock,
})

async function lookAt(world: FakeWorld, diff = false) {
  return await look(graph, world, { ...common(world), timeoutMs: 60_000, depth: { diff, deep: false } })
}

async function deploy(world: FakeWorld) {
  const looked = await lookAt(world)
  const decisions = decide(graph, looked, { onExisting: 'update' })
  const run = { looked, decisions, concurrency: 4, failFast: false, stepTimeoutMs: 600_000 }
  return await execute(graph, world, { ...common(world), ...run })
}

async function remove(world: FakeWorld) {
  const looked = await lookAt(world)
  const selected = new Set(graph.order.map(({ id }) => id))
  const run = { looked, selected, concurrency: 4, failFast: false, stepTimeoutMs: 600_000 }
  return await teardown(graph, world, { ...common(world), ...run })
}

describe('the graph of all steps', () => {
  it('names only components that have metadata, and each of them', () => {
    expect(new Set(steps.map(({ component }) => component))).toEqual(new Set(components.map(({ name }) => name)))
  })

  it('plans a fresh world without a write, waiting for nothing', async () => {
    const world = fakeWorld()
    const { observations } = await lookAt(world, true)
    const states = [...observations].map(([id, { state }]) => [id, state])
    expect(states).toEqual(graph.order.map(({ id }) => [id, 'missing']))
    expect(world.writes()).toEqual([])
  })

  it('deploys a fresh world; a second run writes nothing', async () => {
    const world = fakeWorld()
    const first = await deploy(world)
    expect(first.steps.filter(({ outcome }) => outcome !== 'done')).toEqual([])
    const written = world.writes().length
    const second = await deploy(world)
    expect(second.counts).toEqual({ unchanged: steps.length })
    expect(world.writes().length).toBe(written)
  })

  it('passes every check once deployed, and fails them all, but for reachability, before', async () => {
    const world = fakeWorld()
    const context = { ...world, signal: new AbortController().signal }
    const before = await Promise.all(checks.map((check) => check.run(context)))
    expect(before.filter(({ result }) => result === 'pass').map(({ lookedAt }) => lookedAt)).toHaveLength(2)
    await deploy(world)
    const after = await Promise.all(checks.map(async (check) => [check.id, await check.run(context)] as const))
    // No operator makes certificates here, Redis speaks plain text, people log in elsewhere, and no rules about words are wanted.
    const skipped = after.filter(([, { result }]) => result === 'skip').map(([id]) => id)
    expect(skipped.sort()).toEqual(['certificates', 'litellm-guardrails', 'open-webui-offers', 'redis-certificate'])
    expect(after.filter(([id, { result }]) => result !== 'pass' && !skipped.includes(id))).toEqual([])
  })

  it('has no step for what a lean configuration leaves out', async () => {
    const world = fakeWorld({ config: { preset: 'lean' }, provided: {} })
    const result = await deploy(world)
    const off = steps.filter((step) => step.off?.(world) !== undefined).map(({ id }) => id)
    const monitoring = ['monitoring-crds', 'monitoring', 'dashboards', 'alert-rules', 'monitors']
    const policies = ['gatekeeper', 'policy-templates', 'policy-constraints']
    expect([...off].sort()).toEqual([...monitoring, 'jaeger', ...policies, 'redis', 'openwebui-key'].sort())
    expect(result.counts).toEqual({ done: steps.length - off.length, off: off.length })
  })

  it('goes down again, and a second time, and leaves secrets pending and volumes in their namespace', async () => {
    const world = fakeWorld()
    await deploy(world)
    expect((await remove(world)).ok).toBe(true)
    expect([...world.aws.state.secrets.values()].every(({ deletedAt }) => deletedAt !== undefined)).toBe(true)
    expect([...world.aws.state.roles]).toEqual([])
    const left = await world.kube.list({ apiVersion: 'v1', kind: 'Namespace' })
    const kept = ['default', 'kube-system', 'litellm', 'monitoring', 'open-webui']
    expect(left.map(({ metadata }) => metadata.name).sort()).toEqual(kept)
    const written = world.writes().length
    expect((await remove(world)).ok).toBe(true)
    expect(world.writes().length).toBe(written)
  })

  it('goes up again after it went down, once pending secrets may be restored, with the old values', async () => {
    const world = fakeWorld()
    await deploy(world)
    const salt = [...(world.aws.state.secrets.get('litellm/salt-key')?.versions.values() ?? [])]
    await remove(world)
    const refused = await deploy(world)
    expect(refused.steps.find(({ id }) => id === 'secrets')?.cause?.code).toBe('SecretPendingDeletion')
    const again = await deploy(world.with({ options: { restoreSecrets: true } }))
    expect(again.steps.filter(({ outcome }) => outcome !== 'done' && outcome !== 'unchanged')).toEqual([])
    expect([...(world.aws.state.secrets.get('litellm/salt-key')?.versions.values() ?? [])]).toEqual(salt)
  })
})
