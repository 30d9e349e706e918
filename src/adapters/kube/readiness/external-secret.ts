import { eventsIn, lastChange, type Said, saidAbout, sentence } from '../../../ports/events.ts'
import type { KubeObject } from '../../../ports/kube.ts'
import {
  aboutOf,
  conditionOf,
  failed,
  pathOf,
  progressing,
  READY,
  type Reader,
  type Scene,
  specOf,
  statusOf,
  type Verdict,
} from './reader.ts'

/** Ready when the operator has synced the newest version of it. */
export const externalSecret: Reader = {
  needs: ({ metadata }) => [eventsIn(metadata.namespace)],
  read(object, scene) {
    const ready = conditionOf(object, 'Ready')
    if (ready === undefined) return progressing('waiting for its first sync')
    if (ready.status === 'False') {
      return unsynced(object, scene, {
        code: 'SecretNotSynced',
        reason: 'UpdateFailed',
        what: `ExternalSecret ${pathOf(object)} does not sync`,
      })
    }
    return isCurrent(object) ? READY : progressing('waiting for a sync of its newest version')
  },
}

/** Ready when the operator can reach the provider with it. */
export const secretStore: Reader = {
  needs: ({ metadata }) => [eventsIn(metadata.namespace)],
  read(object, scene) {
    const ready = conditionOf(object, 'Ready')
    if (ready?.status === 'True') return READY
    if (ready === undefined) return progressing('waiting for the operator to validate it')
    return unsynced(object, scene, {
      code: 'SecretStoreInvalid',
      reason: 'InvalidProviderConfig',
      what: `${object.kind} ${pathOf(object)} cannot reach its provider`,
    })
  },
}

/** An object that was ready before stays `Ready` until the operator gets to its newest version. */
function isCurrent(object: KubeObject): boolean {
  const { refreshPolicy, refreshInterval } = specOf(object)
  // Source: shouldRefresh in external-secrets/pkg/controllers/externalsecret/externalsecret_controller.go
  const once = refreshPolicy === 'CreatedOnce'
  const never = refreshPolicy !== 'OnChange' && /^0+(\.0+)?[a-zµ]*$/.test(String(refreshInterval ?? '1h'))
  if (once || never) return true
  const { syncedResourceVersion, refreshTime } = statusOf(object)
  if (!String(syncedResourceVersion).startsWith(`${object.metadata.generation ?? 1}-`)) return false
  // A forced sync changes an annotation only, which the generation does not count.
  const written = lastChange(object, 'llmgw')
  return written === undefined || Date.parse(String(refreshTime)) >= Date.parse(written)
}

interface Failing {
  readonly code: string
  /** Of the events that carry the provider's words: the condition never does. */
  readonly reason: string
  readonly what: string
}

/**
 * No grace of its own: the caller of `wait` knows whether IAM has just been changed (it is told to all its parts within
 * seconds, the operator tries again after 1, 3, 7 and 15 s), and then passes `graceMs`.
 */
function unsynced(object: KubeObject, scene: Scene, { code, reason, what }: Failing): Verdict {
  const said = saidAbout(object, scene.of(eventsIn(object.metadata.namespace)))
  const event = said.find((one) => one.reason === reason)
  const condition = conditionOf(object, 'Ready')?.message ?? 'no reason given'
  return failed({
    code,
    about: aboutOf(object),
    message: `${what}: ${providersWords(event, condition)}`,
    evidence: event ? [sentence(event)] : [condition],
    hint: `kubectl describe ${object.kind.toLowerCase()} ${object.metadata.name}${namespaceFlag(object)}`,
  })
}

/** From `api error` on, where the event has it: before stands only which call of the SDK it was. */
function providersWords(event: Said | undefined, condition: string): string {
  const text = (event?.message ?? condition).replace(/\s+/g, ' ')
  const error = /api error (\S.*)$/.exec(text)?.[1] ?? text
  return error.replace(/,? ?RequestID: [\w-]+,?/g, '')
}

const namespaceFlag = ({ metadata }: KubeObject): string =>
  metadata.namespace === undefined ? '' : ` -n ${metadata.namespace}`
