import type { Change, StepState } from '../../src/engine/step.ts'
import type { KubeObject, StepContext } from '../../src/ports/index.ts'
import { refOf, targetOf } from '../desired.ts'
import { compare } from '../owned-object.ts'

/**
 * How long a refusal of AWS may last after a change: IAM tells all its parts within seconds, and the operator tries again
 * after 1, 3, 7 and 15 s. A refusal that outlasts it is the cause.
 */
export const IAM_GRACE_MS = 20_000

/** The repair of an object that is as wanted and does not work: the operator takes it up at once instead of after its back-off. */
export function resync(object: KubeObject): Change {
  return { action: 'update', target: targetOf(refOf(object)), detail: 'let the operator try again now' }
}

/** Submits what differs; what was broken the operator takes up at once. */
export async function submit(ctx: StepContext, object: KubeObject, seen: StepState): Promise<void> {
  const { live, change } = await compare(ctx, object)
  // What others added is no difference, and may be what breaks it: an apply takes lists back whole.
  if (change || seen === 'broken') await ctx.kube.apply(object, { force: true, signal: ctx.signal })
  if (live === undefined || seen !== 'broken') return
  const annotations = { 'force-sync': String(ctx.clock.now()) }
  await ctx.kube.patch(refOf(object), { metadata: { annotations } }, ctx.signal)
}
