import type { Cause, Change, StepState } from '../../src/engine/step.ts'
import type { Health, KubeObject, Services, StepContext } from '../../src/ports/index.ts'
import { attributed, objectDifferences, refOf, targetOf } from '../desired.ts'
import { claim, ownerOf } from '../ownership.ts'

/**
 * How long a refusal of AWS may last after a change: IAM tells all its parts within seconds, and the operator tries again
 * after 1, 3, 7 and 15 s. A refusal that outlasts it is the cause.
 */
export const IAM_GRACE_MS = 20_000

/** An object of the operator next to what it has to be. */
export interface Compared {
  readonly object: KubeObject
  readonly live: KubeObject | undefined
  readonly change: Change | undefined
}

/** Compares spec and owner; what the API server or others added is no difference. */
export async function compare(ctx: StepContext, object: KubeObject): Promise<Compared> {
  const live = await ctx.kube.find(refOf(object), ctx.signal)
  return { object, live, change: changeOf(ctx, object, live) }
}

function changeOf(ctx: Services, object: KubeObject, live: KubeObject | undefined): Change | undefined {
  const target = targetOf(refOf(object))
  if (live === undefined) return { action: 'create', target }
  const fields = objectDifferences(object.spec, live, ['spec'])
  if (claim(ctx, target, ownerOf(live.metadata.labels)) === 'adopt') return { action: 'adopt', target, fields }
  return fields.length === 0 ? undefined : attributed({ action: 'update', target, fields })
}

/** The repair of an object that is as wanted and does not work: the operator takes it up at once instead of after its back-off. */
export function resync(object: KubeObject): Change {
  return { action: 'update', target: targetOf(refOf(object)), detail: 'let the operator try again now' }
}

/** Submits what differs; what was broken the operator takes up at once. */
export async function submit(ctx: StepContext, object: KubeObject, seen: StepState): Promise<void> {
  const { live, change } = await compare(ctx, object)
  if (change) await ctx.kube.apply(object, { force: true, signal: ctx.signal })
  if (live === undefined || seen !== 'broken') return
  const annotations = { 'force-sync': String(ctx.clock.now()) }
  await ctx.kube.patch(refOf(object), { metadata: { annotations } }, ctx.signal)
}

/** First cause among the unhealthy, the others as its evidence. */
export function firstCause(health: readonly Health[]): Cause | undefined {
  const causes = health.flatMap((one) => (one.health === 'failed' ? [one.cause] : []))
  const [first, ...rest] = causes
  if (first === undefined || rest.length === 0) return first
  const others = rest.flatMap(({ message, evidence }) => [message, ...(evidence ?? [])])
  return { ...first, evidence: [...(first.evidence ?? []), ...others] }
}
