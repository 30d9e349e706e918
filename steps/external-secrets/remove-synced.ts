import type { ObjectRef, StepContext } from '../../src/ports/index.ts'
import { ownerOf } from '../ownership.ts'

/**
 * Removes an ExternalSecret of ours; with `Orphan` the Secret that it fills stays.
 * Waits for its finalizer: once the operator is gone, nobody else would clear it.
 */
export async function removeSynced(
  ctx: StepContext,
  ref: ObjectRef,
  propagation: 'Background' | 'Orphan',
): Promise<void> {
  const live = await ctx.kube.find(ref, ctx.signal)
  if (live === undefined) return
  const label = `ExternalSecret ${ref.namespace}/${ref.name}`
  if (ownerOf(live.metadata.labels) !== ctx.config.deployment) return ctx.report(`${label} is left: it is not ours`)
  const { uid } = live.metadata
  await ctx.kube.remove(ref, { ...(uid && { uid }), propagation, signal: ctx.signal })
  const { apiVersion, kind, name, namespace } = ref
  const query = { apiVersion, kind, namespace, fieldSelector: `metadata.name=${name}` }
  for await (const [left] of ctx.kube.watch(query, ctx.signal)) {
    if (left === undefined || left.metadata.uid !== uid) return
    ctx.report(`waiting for the operator to release ${label}`)
  }
}
