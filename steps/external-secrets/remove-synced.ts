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
    if (left === undefined || left.metadata.uid !== uid) break
    ctx.report(`waiting for the operator to release ${label}`)
  }
  if (propagation === 'Background') await removeOwned(ctx, ref, uid)
}

/** The cluster's garbage collector may take half a minute to learn of a kind that is new, and a copy that stays looks like one that is in use. */
async function removeOwned(ctx: StepContext, { name, namespace }: ObjectRef, owner: string | undefined): Promise<void> {
  const secret = { apiVersion: 'v1', kind: 'Secret', name, namespace }
  const found = await ctx.kube.find(secret, ctx.signal)
  const owned = found?.metadata.ownerReferences?.some(({ kind, uid }) => kind === 'ExternalSecret' && uid === owner)
  if (!owned || !found?.metadata.uid) return
  await ctx.kube.remove(secret, { uid: found.metadata.uid, signal: ctx.signal })
}
