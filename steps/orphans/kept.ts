import { parseAddress } from '../../src/ports/secret-address.ts'
import { STORAGE_CLASS } from '../../src/ports/storage-class.ts'
import { refOf, targetOf } from '../desired.ts'
import { secretTarget } from '../secrets/logical-secret.ts'
import { unusedSecrets } from '../secrets/unused.ts'
import type { OrphanSearch } from './orphan.ts'
import { ownSelector } from './own-selector.ts'

const NAMESPACE = { apiVersion: 'v1', kind: 'Namespace' }

/** Namespaces: whatever is in them would go too. */
export const namespaces: OrphanSearch = {
  what: 'namespaces',
  prunable: false,
  async find(ctx, wanted) {
    const found = await ctx.kube.list({ ...NAMESPACE, labelSelector: ownSelector(ctx) }, ctx.signal)
    const orphaned = found.filter((object) => !wanted.has(targetOf(refOf(object))))
    return orphaned.map((object) => ({
      target: targetOf(refOf(object)),
      rank: 'other' as const,
      kept: `never pruned; once it is empty: kubectl delete namespace ${object.metadata.name}`,
    }))
  },
}

/** Storage classes: claims that name one wait for ever without it. */
export const storageClasses: OrphanSearch = {
  what: 'storage classes',
  prunable: false,
  async find(ctx, wanted) {
    const found = await ctx.kube.list({ ...STORAGE_CLASS, labelSelector: ownSelector(ctx) }, ctx.signal)
    const orphaned = found.filter((object) => !wanted.has(targetOf(refOf(object))))
    return orphaned.map((object) => ({
      target: targetOf(refOf(object)),
      rank: 'other' as const,
      kept: `never pruned; once no claim names it: kubectl delete storageclass ${object.metadata.name}`,
    }))
  },
}

/** Secrets in AWS: a value that is gone does not come back. */
export const remoteSecrets: OrphanSearch = {
  what: 'secrets in AWS Secrets Manager',
  prunable: false,
  async find(ctx) {
    const names = await unusedSecrets(ctx)
    return names.map((name) => ({
      target: secretTarget(name),
      rank: 'other' as const,
      kept: `never pruned; when nobody needs its value: ${removal(name, ctx.target.region)}`,
    }))
  },
}

function removal(name: string, region: string): string {
  const { secret, key } = parseAddress(name)
  if (key !== undefined) return `take ${key} out of the JSON of ${secret}`
  return `aws secretsmanager delete-secret --secret-id ${secret} --region ${region}`
}
