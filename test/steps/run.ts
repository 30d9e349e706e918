import type { Cause, Change, Observation } from '../../src/engine/step.ts'
import { NotYetKnown } from '../../src/engine/step.ts'
import type { LlmgwStep, StepContext } from '../../src/ports/index.ts'
import type { FakeWorld } from '../fakes/fake-world.ts'

export interface Runtime {
  readonly ctx: StepContext
  readonly reports: string[]
}

/** The context of one step in a world. */
export function runtime(world: FakeWorld, look: Partial<StepContext['look']> = {}): Runtime {
  const reports: string[] = []
  const ctx: StepContext = {
    ...world,
    output: async (step) => {
      const seen = await (step as unknown as LlmgwStep<unknown>).check(ctx)
      if (seen.state !== 'current') throw new NotYetKnown(step.id)
      return seen.out as never
    },
    signal: AbortSignal.timeout(20_000),
    report: (line) => void reports.push(line),
    look: { diff: false, deep: false, ...look },
  }
  return { ctx, reports }
}

export async function check<Out>(step: LlmgwStep<Out>, world: FakeWorld): Promise<Observation<Out>> {
  return await step.check(runtime(world).ctx)
}

/** Applies what a check says, waits until usable, and gives the new observation. */
export async function converge<Out>(step: LlmgwStep<Out>, world: FakeWorld): Promise<Observation<Out>> {
  const { ctx } = runtime(world)
  const seen = await step.check(ctx)
  if (seen.state !== 'current') await step.apply(ctx, seen)
  await step.ready?.(ctx)
  return await step.check(ctx)
}

export async function destroy<Out>(step: LlmgwStep<Out>, world: FakeWorld): Promise<readonly string[]> {
  const { ctx, reports } = runtime(world)
  await step.destroy?.(ctx)
  return reports
}

export function changesOf(seen: Observation): readonly Change[] {
  return 'changes' in seen ? seen.changes : []
}

/** `action target` of each change. */
export function plan(seen: Observation): readonly string[] {
  return changesOf(seen).map(({ action, target }) => `${action} ${target}`)
}

export function causeIn(seen: Observation): Cause {
  if ('cause' in seen) return seen.cause
  throw new Error(`expected a cause, the state is ${seen.state}`)
}

/** Another value in AWS, as somebody else's rotation leaves it. */
export function rotated(world: FakeWorld, remote: string, value = 'sk-another-value'): void {
  const versions = world.aws.state.secrets.get(remote)?.versions
  if (versions === undefined) throw new Error(`no secret ${remote}`)
  for (const [id, version] of versions) versions.set(id, { ...version, labels: ['AWSPREVIOUS'] })
  versions.set(`version-of-${value}`, { value, labels: ['AWSCURRENT'] })
}
