import type { Pod } from './objects.ts'
import { isKnown, type Programs } from './programs.ts'

/** Which Pods of this cluster real processes stand behind, and which are replicas of those. */
export interface Choice {
  readonly real: readonly Pod[]
  /** Each with the uid of the Pod that is real in its workload. */
  readonly replicas: readonly { readonly pod: Pod; readonly of: string }[]
}

/**
 * One Pod of each workload is real: the first ordinal of a StatefulSet, else the oldest; one that is real stays it.
 * Each template revision of a Deployment is a workload of its own, so that a rollout brings up the new one for real.
 */
export function choose(pods: readonly Pod[], programs: Programs, current: ReadonlySet<string>): Choice {
  const known = pods.filter((pod) => pod.spec.nodeName !== undefined && !isOver(pod) && isKnown(pod, programs))
  const groups = new Map<string, Pod[]>()
  for (const pod of known) groups.set(workload(pod), [...(groups.get(workload(pod)) ?? []), pod])
  const ranked = [...groups.values()].map((group) => [...group].sort(byRank(current)))
  return {
    real: ranked.flatMap(([first]) => first ?? []),
    replicas: ranked.flatMap(([first, ...others]) =>
      others.map((pod) => ({ pod, of: first?.metadata.uid ?? pod.metadata.uid })),
    ),
  }
}

const isOver = ({ metadata, status }: Pod): boolean =>
  metadata.deletionTimestamp !== undefined || status?.phase === 'Succeeded' || status?.phase === 'Failed'

function workload({ metadata }: Pod): string {
  return metadata.ownerReferences?.find(({ controller }) => controller === true)?.uid ?? metadata.uid
}

const byRank = (current: ReadonlySet<string>) => (one: Pod, other: Pod) =>
  Number(current.has(other.metadata.uid)) - Number(current.has(one.metadata.uid)) ||
  ordinal(one) - ordinal(other) ||
  (one.metadata.creationTimestamp ?? '').localeCompare(other.metadata.creationTimestamp ?? '') ||
  one.metadata.name.localeCompare(other.metadata.name)

function ordinal({ metadata }: Pod): number {
  const isStateful = metadata.ownerReferences?.some(({ kind }) => kind === 'StatefulSet') ?? false
  return isStateful ? Number(/-(\d+)$/.exec(metadata.name)?.[1] ?? 0) : 0
}
