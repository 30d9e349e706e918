import type { KubeObject } from '../../src/ports/index.ts'
import { refOf, targetOf } from '../desired.ts'
import { ownerOf } from '../ownership.ts'
import { CONSTRAINTS_API, TEMPLATE } from '../policies/catalog.ts'
import type { FoundOrphan, OrphanSearch } from './orphan.ts'
import { ownSelector } from './own-selector.ts'
import { removalOf } from './removal.ts'

/** Templates; one that still has constraints of others stays. */
export const policyTemplates: OrphanSearch = {
  what: 'ConstraintTemplates',
  prunable: true,
  async find(ctx, wanted) {
    const found = await ctx.kube.list({ ...TEMPLATE, labelSelector: ownSelector(ctx) }, ctx.signal)
    const orphaned = found.filter((object) => !wanted.has(targetOf(refOf(object))))
    return await Promise.all(
      orphaned.map(async (object): Promise<FoundOrphan> => {
        const constraints = await ctx.kube.list({ apiVersion: CONSTRAINTS_API, kind: kindOf(object) }, ctx.signal)
        const foreign = constraints.filter(({ metadata }) => ownerOf(metadata.labels) !== ctx.config.deployment)
        const target = targetOf(refOf(object))
        if (foreign.length === 0) return { target, rank: 'store', remove: removalOf(object) }
        const names = foreign.map((one) => targetOf(refOf(one))).join(', ')
        return { target, rank: 'store', kept: `never pruned while it has constraints of others: ${names}` }
      }),
    )
  },
}

/** Constraints, of kinds that this version knows and of those that an earlier one made. */
export const policyConstraints: OrphanSearch = {
  what: 'constraints',
  prunable: true,
  async find(ctx, wanted) {
    const templates = await ctx.kube.list({ ...TEMPLATE, labelSelector: ownSelector(ctx) }, ctx.signal)
    const lists = await Promise.all(
      templates.map((template) => {
        const query = { apiVersion: CONSTRAINTS_API, kind: kindOf(template), labelSelector: ownSelector(ctx) }
        return ctx.kube.list(query, ctx.signal)
      }),
    )
    const orphaned = lists.flat().filter((object) => !wanted.has(targetOf(refOf(object))))
    return orphaned.map((object) => ({
      target: targetOf(refOf(object)),
      rank: 'synced' as const,
      remove: removalOf(object),
    }))
  },
}

const kindOf = ({ spec }: KubeObject): string =>
  (spec as { crd: { spec: { names: { kind: string } } } }).crd.spec.names.kind
