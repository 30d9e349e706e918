import type { ObjectRef, StepContext } from '../../src/ports/index.ts'
import { targetOf } from '../desired.ts'
import { ownerOf } from '../ownership.ts'

/** Removes a policy of ours; somebody else's stays. */
export async function removePolicy(ctx: StepContext, ref: ObjectRef): Promise<void> {
  const live = await ctx.kube.find(ref, ctx.signal)
  if (live === undefined) return
  if (ownerOf(live.metadata.labels) !== ctx.config.deployment)
    return ctx.report(`${targetOf(ref)} is left: it is not ours`)
  const { uid } = live.metadata
  await ctx.kube.remove(ref, { ...(uid && { uid }), signal: ctx.signal })
}
