import type { Cause, Change } from '../src/engine/step.ts'
import type { Health, KubeObject, Services, StepContext } from '../src/ports/index.ts'
import { attributed, objectDifferences, refOf, targetOf } from './desired.ts'
import { claim, ownerOf } from './ownership.ts'

/** An object of ours next to what it has to be. */
export interface Compared {
  readonly object: KubeObject
  readonly live: KubeObject | undefined
  readonly change: Change | undefined
}

/** Compares spec and owner; what the API server or others added is no difference. */
export async function compare(ctx: StepContext, object: KubeObject): Promise<Compared> {
  return compareWith(ctx, object, await ctx.kube.find(refOf(object), ctx.signal))
}

/** The same with what is there, where that was looked up already. */
export function compareWith(ctx: Services, object: KubeObject, live: KubeObject | undefined): Compared {
  return { object, live, change: changeOf(ctx, object, live) }
}

function changeOf(ctx: Services, object: KubeObject, live: KubeObject | undefined): Change | undefined {
  const target = targetOf(refOf(object))
  if (live === undefined) return { action: 'create', target }
  const fields = objectDifferences(object.spec, live, ['spec'])
  if (claim(ctx, target, ownerOf(live.metadata.labels)) === 'adopt') return { action: 'adopt', target, fields }
  return fields.length === 0 ? undefined : attributed({ action: 'update', target, fields })
}

/** First cause among the unhealthy, the others as its evidence. */
export function firstCause(health: readonly Health[]): Cause | undefined {
  const causes = health.flatMap((one) => (one.health === 'failed' ? [one.cause] : []))
  const [first, ...rest] = causes
  if (first === undefined || rest.length === 0) return first
  const others = rest.flatMap(({ message, evidence }) => [message, ...(evidence ?? [])])
  return { ...first, evidence: [...(first.evidence ?? []), ...others] }
}
