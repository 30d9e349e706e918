import pLimit from 'p-limit'
import type { Change } from '../../engine/step.ts'
import type { Kube, KubeObject } from '../../ports/kube.ts'
import type { Leaf } from '../../ports/managed-fields.ts'
import { fieldChange, refOf, targetOf, updateOf, wantedLeaves } from './change-of.ts'
import { otherOwners, ownedByHelm, pathText, valueAt } from './owned-fields.ts'
import { sameValue } from './same-value.ts'

/** Requests in flight for one release. */
const CONCURRENCY = 8

/** Fields that controllers fill by design: a chart that gives them a first value does not mind. */
function isControllersField(live: KubeObject, leaf: Leaf): boolean {
  if (leaf.path.at(-1) === 'caBundle') return true
  const text = pathText(leaf.path)
  if (text === 'metadata.annotations["deployment.kubernetes.io/revision"]') return true
  // An autoscaler writes through the scale subresource; so does `kubectl scale`, which is drift.
  return (
    text === 'spec.replicas' &&
    otherOwners(live, leaf).some(
      ({ manager, subresource }) => subresource === 'scale' && !manager.startsWith('kubectl'),
    )
  )
}

/**
 * How a live object differs from what Helm recorded. A field that Helm still owns has Helm's value: the server takes
 * ownership away from it when somebody else writes another value, so only fields it lost need a comparison.
 */
export function objectDrift(recorded: KubeObject, live: KubeObject): readonly Change[] {
  const owned = ownedByHelm(live)
  const fields = wantedLeaves(recorded)
    .filter((leaf) => owned === undefined || !owned(leaf))
    .map((leaf) => ({ leaf, found: valueAt(live, leaf.path) }))
    .filter(({ leaf, found }) => !sameValue(leaf.value, found) && !isControllersField(live, leaf))
    .map(({ leaf, found }) => fieldChange(recorded.kind, leaf.path, { before: found, after: leaf.value }))
  return updateOf(recorded, fields)
}

/** Differences between recorded objects and the live ones; a missing object is one to create. */
export async function driftOf(kube: Kube, recorded: readonly KubeObject[], signal?: AbortSignal): Promise<Change[]> {
  const limit = pLimit(CONCURRENCY)
  const changes = await limit.map([...recorded], async (object): Promise<readonly Change[]> => {
    const live = await kube.find(refOf(object), signal)
    if (live !== undefined) return objectDrift(object, live)
    return [{ action: 'create', target: targetOf(object), detail: 'recorded by helm, but not in the cluster' }]
  })
  return changes.flat()
}
