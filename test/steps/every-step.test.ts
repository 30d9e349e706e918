import { describe, expect, it } from 'vitest'
import type { LlmgwStep } from '../../src/ports/index.ts'
import { steps } from '../../steps/index.ts'
import { type FakeWorld, fakeWorld } from '../fakes/fake-world.ts'
import { check, converge, destroy } from './run.ts'

/** A world in which everything that `step` needs is there. */
async function worldFor(step: LlmgwStep<unknown>, world: FakeWorld = fakeWorld()): Promise<FakeWorld> {
  for (const need of step.needs) {
    const before = need.step as LlmgwStep<unknown>
    await worldFor(before, world)
    await converge(before, world)
  }
  return world
}

describe.each(steps.map((step) => ({ step, id: step.id })))('step $id', ({ step }) => {
  it('looks without a write, and sees that it is missing', async () => {
    const world = await worldFor(step)
    const written = world.writes().length
    const seen = await check(step, world)
    expect(seen.state).toBe('missing')
    expect('changes' in seen && seen.changes.length).toBeGreaterThan(0)
    expect(world.writes().length).toBe(written)
  })

  it('names each target of its changes once', async () => {
    const seen = await check(step, await worldFor(step))
    const targets = 'changes' in seen ? seen.changes.map(({ target }) => target) : []
    expect(targets).toEqual([...new Set(targets)])
  })

  it('is current once applied, and writes nothing when applied again', async () => {
    const world = await worldFor(step)
    expect((await converge(step, world)).state).toBe('current')
    const written = world.writes().length
    expect((await converge(step, world)).state).toBe('current')
    expect(world.writes().length).toBe(written)
  })

  it('shows what is there and what is not, without a secret value', async () => {
    const world = await worldFor(step)
    const signal = new AbortController().signal
    const ctx = {
      ...world,
      signal,
      output: () => Promise.reject(new Error('none')),
      report: () => undefined,
      look: { diff: false, deep: false },
    }
    const before = (await step.view?.(ctx)) ?? ''
    await converge(step, world)
    const after = (await step.view?.(ctx)) ?? ''
    expect(before).not.toBe('')
    expect(after).not.toBe(before)
    for (const { versions } of world.aws.state.secrets.values())
      for (const { value } of versions.values()) expect(after).not.toContain(value)
  })

  it('is gone once destroyed, and destroying it again is fine', async () => {
    const world = await worldFor(step)
    await converge(step, world)
    await destroy(step, world.with({ options: { destroy: { crds: true, volumes: false, secrets: 'purge' } } }))
    expect((await check(step, world)).state).toBe('missing')
    const written = world.writes().length
    await destroy(step, world)
    expect(world.writes().length).toBe(written)
  })

  it('looks at nobody else when it cannot look: a failure is no absence', async () => {
    const world = await worldFor(step)
    const failure = new Error('no answer')
    world.kube.failNext(() => true, failure, 1000)
    for (const operation of ['iam.findRole', 'secretsManager.describe'] as const) world.aws.failNext(operation, failure)
    world.helm.failNext('find', failure)
    await expect(check(step, world)).rejects.toThrow('no answer')
  })
})
