import { failedCreateEvent } from './failed-create.ts'
import { firstFailure, lastCrash, podsIn, withTrouble } from './pods.ts'
import {
  aboutOf,
  conditionOf,
  count,
  failed,
  pathOf,
  progressing,
  READY,
  type Reader,
  specOf,
  statusOf,
} from './reader.ts'
import { around, podsOf } from './workload-pods.ts'

/** Ready when complete, failed when it has used up its retries. */
export const job: Reader = {
  needs: around,
  read(object, scene) {
    if (conditionOf(object, 'Complete')?.status === 'True') return READY
    const end = conditionOf(object, 'Failed')
    if (end?.status === 'True') {
      const crash = lastCrash(podsOf(object, scene.of(podsIn(object.metadata.namespace))))
      return failed(
        {
          code: 'JobFailed',
          about: aboutOf(object),
          message: `Job ${pathOf(object)} failed: ${end.reason ?? 'no reason given'}`,
          evidence: [...(end.message === undefined ? [] : [end.message]), ...(crash ? [crash.words] : [])],
          hint: `kubectl logs job/${object.metadata.name} -n ${object.metadata.namespace}`,
        },
        crash?.logs,
      )
    }
    if (specOf(object).suspend === true) return progressing('is suspended')
    const pods = podsOf(object, scene.of(podsIn(object.metadata.namespace)))
    // A Job starts crashed pods anew by itself, up to its backoffLimit: that is its verdict, not ours.
    const why = firstFailure(pods, scene, { retried: true }) ?? failedCreateEvent(object, scene)
    const line = `${count(statusOf(object), 'succeeded')}/${count(specOf(object), 'completions', 1)} completed`
    return why ?? progressing(withTrouble(line, pods, scene))
  },
}
