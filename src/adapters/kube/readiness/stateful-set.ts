import type { KubeObject } from '../../../ports/kube.ts'
import { failedCreateEvent } from './failed-create.ts'
import { firstFailure, podsIn, withTrouble } from './pods.ts'
import { count, isUnobserved, progressing, READY, type Reader, type Scene, specOf, statusOf } from './reader.ts'
import { around, podsOf } from './workload-pods.ts'

interface UpdateStrategy {
  readonly type?: string
  readonly rollingUpdate?: { readonly partition?: number }
}

const REVISION = 'controller-revision-hash'

/** A broken pod of an old revision blocks the ones after it for ever, but its controller must have had time to end it. */
const OLD_POD_GRACE_MS = 10_000

function blamed(object: KubeObject, pods: readonly KubeObject[], scene: Scene): readonly KubeObject[] {
  const { updateRevision } = statusOf(object)
  const { uid, generation } = object.metadata
  if (updateRevision === undefined || scene.age(`rollout ${uid} ${generation}`) >= OLD_POD_GRACE_MS) return pods
  return pods.filter(({ metadata }) => metadata.labels?.[REVISION] === updateRevision)
}

/** Ready when all replicas are, and those that the update strategy lets it touch run the newest revision. */
export const statefulSet: Reader = {
  needs: around,
  read(object, scene) {
    if (isUnobserved(object)) return progressing('waiting for its controller')
    const status = statusOf(object)
    const wanted = count(specOf(object), 'replicas', 1)
    const { type, rollingUpdate } = (specOf(object).updateStrategy ?? {}) as UpdateStrategy
    // OnDelete: somebody else deletes the pods, whenever they like.
    const toUpdate = type === 'OnDelete' ? 0 : Math.max(0, wanted - (rollingUpdate?.partition ?? 0))
    const available = Math.min(count(status, 'readyReplicas'), count(status, 'availableReplicas', wanted))
    const updated = count(status, 'updatedReplicas')
    if (available >= wanted && updated >= toUpdate && count(status, 'replicas') <= wanted) return READY
    const pods = podsOf(object, scene.of(podsIn(object.metadata.namespace)))
    const why =
      firstFailure(blamed(object, pods, scene), scene) ??
      (pods.length < wanted ? failedCreateEvent(object, scene) : undefined)
    const line = `${available}/${wanted} ready${updated < toUpdate ? `, ${updated} updated` : ''}`
    return why ?? progressing(withTrouble(line, pods, scene))
  },
}
