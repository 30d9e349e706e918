import type { KubeObject } from '../../src/ports/index.ts'
import { refOf, targetOf } from '../desired.ts'
import { ownerOf } from '../ownership.ts'
import type { FoundOrphan } from './orphan.ts'

/** Removes this very object, where it still carries our mark. */
export function removalOf(object: KubeObject): NonNullable<FoundOrphan['remove']> {
  const ref = refOf(object)
  return async (ctx) => {
    const live = await ctx.kube.find(ref, ctx.signal)
    if (live === undefined) return
    if (ownerOf(live.metadata.labels) !== ctx.config.deployment) return ctx.report(`${targetOf(ref)} is left: not ours`)
    const { uid } = live.metadata
    await ctx.kube.remove(ref, { ...(uid && { uid }), signal: ctx.signal })
  }
}
