import type { ObjectRef, StepContext } from '../src/ports/index.ts'
import { targetOf } from './desired.ts'

/** Removes an object and waits until it is gone, or another one has its name: an operator may hold a finalizer on it. */
export async function removeAndWait(ctx: StepContext, ref: ObjectRef): Promise<void> {
  const live = await ctx.kube.find(ref, ctx.signal)
  if (live === undefined) return
  const { uid } = live.metadata
  await ctx.kube.remove(ref, { ...(uid && { uid }), signal: ctx.signal })
  const { apiVersion, kind, name, namespace } = ref
  const query = { apiVersion, kind, ...(namespace && { namespace }), fieldSelector: `metadata.name=${name}` }
  for await (const [left] of ctx.kube.watch(query, ctx.signal)) {
    if (left === undefined || left.metadata.uid !== uid) return
    ctx.report(`waiting until ${targetOf(ref)} is gone`)
  }
}
