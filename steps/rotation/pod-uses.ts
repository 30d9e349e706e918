import type { KubeObject, ObjectRef, Services, StepContext } from '../../src/ports/index.ts'
import { versionAnnotation } from '../secret-versions.ts'
import { namespacesOf, podsIn, uses } from './consumers.ts'
import { type Copy, lookAtCopies, type Place } from './places.ts'
import type { PodSpec } from './pod-references.ts'

type Looking = Services & Pick<StepContext, 'signal'>

/** A running pod that reads a secret. */
export interface PodUse {
  readonly place: Place
  readonly pod: string
  /** `current`: started after its copy was last written. `old`: before that, whatever version it is marked with. */
  readonly started: 'current' | 'old' | 'unknown'
  /** The controller that starts it anew; absent where nothing does. */
  readonly owner?: { readonly kind: string; readonly name: string }
}

/** Pods that read these places, each with whether it started with the current version. */
export async function podUses(
  ctx: Looking,
  places: readonly Place[],
  versions: ReadonlyMap<string, string>,
): Promise<readonly PodUse[]> {
  const namespaces = namespacesOf(places)
  const [copies, pods] = await Promise.all([
    lookAtCopies(ctx, places),
    Promise.all(namespaces.map((namespace) => podsIn(ctx, namespace))),
  ])
  return copies.flatMap((copy) =>
    (pods[namespaces.indexOf(copy.namespace)] ?? [])
      .filter((pod) => uses(pod.spec as PodSpec, copy))
      .map((pod) => ({
        place: copy,
        pod: `${copy.namespace}/${pod.metadata.name}`,
        started: copy.state === 'current' ? startedWith(pod, copy, versions.get(copy.secret)) : 'old',
        ...ownerOf(pod),
      })),
  )
}

function ownerOf({ metadata }: KubeObject): Pick<PodUse, 'owner'> {
  const owner = metadata.ownerReferences?.find(({ controller }) => controller === true)
  return owner === undefined ? {} : { owner: { kind: owner.kind, name: owner.name } }
}

/** Whether a pod belongs to a workload; a ReplicaSet is named after its Deployment, with a hash behind. */
export function belongsTo({ owner }: PodUse, { kind, name }: ObjectRef): boolean {
  if (owner?.kind === 'ReplicaSet') return kind === 'Deployment' && owner.name.replace(/-[a-z0-9]+$/, '') === name
  return owner?.kind === kind && owner.name === name
}

function startedWith({ metadata }: KubeObject, { secret, writtenAt }: Copy, version?: string): PodUse['started'] {
  const startedAt = Date.parse(metadata.creationTimestamp ?? '')
  const marked = version !== undefined && metadata.annotations?.[versionAnnotation(secret)] === version
  if (writtenAt === undefined || Number.isNaN(startedAt)) return marked ? 'current' : 'unknown'
  if (startedAt < writtenAt) return 'old'
  // Times are whole seconds: of the same second only a pod that is marked was started after the sync.
  return startedAt > writtenAt || marked ? 'current' : 'unknown'
}
