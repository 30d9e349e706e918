import { refOf, targetOf } from '../desired.ts'
import { DENY_ALL, NETWORK_POLICY } from '../network-policies/policies.ts'
import { removePolicy } from '../network-policies/remove.ts'
import type { OrphanSearch } from './orphan.ts'
import { ownSelector } from './own-selector.ts'

/** NetworkPolicies; what denies goes before what allows, so that nothing is cut off in between. */
export const networkPolicyObjects: OrphanSearch = {
  what: 'NetworkPolicies',
  prunable: true,
  async find(ctx, wanted) {
    const found = await ctx.kube.list({ ...NETWORK_POLICY, labelSelector: ownSelector(ctx) }, ctx.signal)
    return found
      .filter((object) => !wanted.has(targetOf(refOf(object))) && object.metadata.deletionTimestamp === undefined)
      .map((object) => ({
        target: targetOf(refOf(object)),
        rank: object.metadata.name === DENY_ALL ? ('isolation' as const) : ('opening' as const),
        remove: (step) => removePolicy(step, refOf(object)),
      }))
  },
}
