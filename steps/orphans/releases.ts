import type { KubeObject, ReleaseRecord } from '../../src/ports/index.ts'
import { refOf, targetOf } from '../desired.ts'
import { releaseOfTarget, releaseTarget } from '../helm-release/definition.ts'
import { removeRelease } from '../helm-release/remove.ts'
import { RELEASES } from '../names.ts'
import type { FoundOrphan, OrphanSearch } from './orphan.ts'

/** Helm releases. */
export const releases: OrphanSearch = {
  what: 'Helm releases',
  prunable: true,
  async find(ctx, wanted) {
    const except = [...wanted].flatMap((target) => releaseOfTarget(target) ?? [])
    return (await ctx.helm.owned(except, ctx.signal)).map(orphanOf)
  },
}

/** Their objects are cleared away before them. */
const OPERATORS: ReadonlySet<string> = new Set([RELEASES.externalSecrets.name, RELEASES.gatekeeper.name])

function orphanOf(record: ReleaseRecord): FoundOrphan {
  const { name, namespace } = record
  const target = releaseTarget(record)
  const rank = OPERATORS.has(name) ? 'operator' : 'other'
  const dragged = record.manifest.filter(isIrreplaceable).map((object) => targetOf(refOf(object)))
  if (dragged.length > 0) {
    const kept = `never pruned: ${listed(dragged)} would go with it; helm uninstall ${name} -n ${namespace}`
    return { target, rank, kept }
  }
  return { target, rank, remove: (ctx) => removeRelease(ctx, name, namespace) }
}

const IRREPLACEABLE = new Set(['PersistentVolumeClaim', 'Namespace', 'CustomResourceDefinition', 'Secret'])

/** Goes with its release, and holds something that does not come back. A Secret that the chart leaves empty is filled anew. */
function isIrreplaceable({ kind, metadata, data, stringData }: KubeObject): boolean {
  if (!IRREPLACEABLE.has(kind) || metadata.annotations?.['helm.sh/resource-policy'] === 'keep') return false
  return kind !== 'Secret' || Object.keys({ ...(data as object), ...(stringData as object) }).length > 0
}

function listed(names: readonly string[]): string {
  const more = names.length > 2 ? ` and ${names.length - 2} more` : ''
  return `${names.slice(0, 2).join(', ')}${more}`
}
