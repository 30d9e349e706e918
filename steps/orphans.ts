import { applied } from '../src/engine/step.ts'
import type { LlmgwStep } from '../src/ports/index.ts'
import { namespaces, remoteSecrets, storageClasses } from './orphans/kept.ts'
import { networkPolicyObjects } from './orphans/network-policies.ts'
import { externalSecretObjects, secretStores } from './orphans/operator-objects.ts'
import type { FoundOrphan, OrphanSearch } from './orphans/orphan.ts'
import { monitoringObjects } from './orphans/plain-objects.ts'
import { policyConstraints, policyTemplates } from './orphans/policies.ts'
import { releases } from './orphans/releases.ts'

export { type FoundOrphan, type OrphanSearch, wantedTargets } from './orphans/orphan.ts'

/**
 * Everything that is looked through for orphans: what a list by label or tag finds. IAM roles are not: ListRoles tells no
 * tags, and a role's tag does not tell the cluster, so a deployment of the same name on another one would lose its roles.
 */
export const orphanSearches: readonly OrphanSearch[] = [
  releases,
  externalSecretObjects,
  secretStores,
  monitoringObjects,
  networkPolicyObjects,
  policyConstraints,
  policyTemplates,
  namespaces,
  storageClasses,
  remoteSecrets,
]

/** One step for each orphan that can be removed, to be torn down in the order of their needs. */
export function removals(orphans: readonly FoundOrphan[]): readonly LlmgwStep<unknown>[] {
  const stepsOf = (rank: FoundOrphan['rank'], needs: readonly LlmgwStep<unknown>[]) =>
    orphans.flatMap((orphan) => (orphan.rank === rank ? removal(orphan, needs) : []))
  const operators = stepsOf('operator', [])
  const stores = stepsOf('store', operators)
  const openings = stepsOf('opening', [])
  return [
    ...stepsOf('other', []),
    ...operators,
    ...stores,
    ...stepsOf('synced', stores),
    ...openings,
    ...stepsOf('isolation', openings),
  ]
}

function removal({ target, remove }: FoundOrphan, needs: readonly LlmgwStep<unknown>[]): readonly LlmgwStep<unknown>[] {
  if (remove === undefined) return []
  const step: LlmgwStep<unknown> = {
    // No namespace has a dot in its name, so that no two targets meet in one id.
    id: `orphaned-${target.replaceAll(' ', '-').replaceAll('/', '.')}`,
    title: `Remove ${target}`,
    component: 'orphans',
    needs: needs.map((need) => applied(need)),
    check: async () => ({ state: 'drifted', changes: [{ action: 'delete', target }] }),
    apply: async () => undefined,
    destroy: remove,
  }
  return [step]
}
