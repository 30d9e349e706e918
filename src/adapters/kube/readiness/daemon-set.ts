import { failedCreateEvent } from './failed-create.ts'
import { firstFailure, podsIn, withTrouble } from './pods.ts'
import { count, isUnobserved, progressing, READY, type Reader, specOf, statusOf } from './reader.ts'
import { around, podsOf } from './workload-pods.ts'

/** Ready when every node that should run a pod runs an available one of the newest revision. */
export const daemonSet: Reader = {
  needs: around,
  read(object, scene) {
    if (isUnobserved(object)) return progressing('waiting for its controller')
    const status = statusOf(object)
    const wanted = count(status, 'desiredNumberScheduled')
    const available = count(status, 'numberAvailable')
    const { type } = (specOf(object).updateStrategy ?? {}) as { readonly type?: string }
    const updated = type === 'OnDelete' ? wanted : count(status, 'updatedNumberScheduled')
    if (available >= wanted && updated >= wanted) return READY
    const pods = podsOf(object, scene.of(podsIn(object.metadata.namespace)))
    const why = firstFailure(pods, scene) ?? (pods.length < wanted ? failedCreateEvent(object, scene) : undefined)
    const line = `${available}/${wanted} ready${updated < wanted ? `, ${updated} updated` : ''}`
    return why ?? progressing(withTrouble(line, pods, scene))
  },
}
