import type { KubeObject } from '../../src/ports/index.ts'
import { refOf, targetOf } from '../desired.ts'
import { removeSynced } from '../external-secrets/remove-synced.ts'
import type { OrphanSearch } from './orphan.ts'
import { ownSelector } from './own-selector.ts'
import { removalOf } from './removal.ts'

const API = 'external-secrets.io/v1'

/** ExternalSecrets; the Secrets that they filled stay. */
export const externalSecretObjects: OrphanSearch = {
  what: 'ExternalSecrets',
  prunable: true,
  async find(ctx, wanted) {
    const query = { apiVersion: API, kind: 'ExternalSecret', labelSelector: ownSelector(ctx) }
    const found = await ctx.kube.list(query, ctx.signal)
    return orphaned(found, wanted).map((object) => ({
      target: targetOf(refOf(object)),
      rank: 'synced' as const,
      remove: (step) => removeSynced(step, refOf(object), 'Orphan'),
    }))
  },
}

/** Stores through which nothing of ours is read any more. */
export const secretStores: OrphanSearch = {
  what: 'ClusterSecretStores',
  prunable: true,
  async find(ctx, wanted) {
    const query = { apiVersion: API, kind: 'ClusterSecretStore', labelSelector: ownSelector(ctx) }
    const found = await ctx.kube.list(query, ctx.signal)
    return orphaned(found, wanted).map((object) => ({
      target: targetOf(refOf(object)),
      rank: 'store' as const,
      remove: removalOf(object),
    }))
  },
}

/** What is on its way out already is no orphan. */
function orphaned(found: readonly KubeObject[], wanted: ReadonlySet<string>): readonly KubeObject[] {
  return found.filter(
    (object) => !wanted.has(targetOf(refOf(object))) && object.metadata.deletionTimestamp === undefined,
  )
}
