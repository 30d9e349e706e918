import { eventsIn, isAfterLastChange, saidAbout } from '../../../ports/events.ts'
import type { KubeObject } from '../../../ports/kube.ts'
import { aboutOf, failed, pathOf, type Scene, type Verdict } from './reader.ts'

/** A decision against the pod, which trying again does not change: quota, Pod Security, an admission policy. */
const DECIDED =
  /exceeded quota|violates PodSecurity|denied the request|denied request|is forbidden: (?!error looking up)/

/** Else (a webhook or service account that is not there yet) it may still come. */
const GRACE_MS = 15_000

/** A failure when the controller of a workload may not create its pods, told by its newest FailedCreate event. */
export function failedCreateEvent(workload: KubeObject, scene: Scene): Verdict | undefined {
  const event = saidAbout(workload, scene.of(eventsIn(workload.metadata.namespace))).find(
    ({ reason }) => reason === 'FailedCreate',
  )
  return event && isAfterLastChange(workload, event)
    ? failedCreate(workload, { message: event.message, at: event.at, scene })
    : undefined
}

/** As {@link failedCreateEvent}, for what a condition tells. */
export function failedCreate(
  workload: KubeObject,
  { message, at, scene }: { readonly message: string; readonly at: string | undefined; readonly scene: Scene },
): Verdict | undefined {
  const age = scene.age(`failed create ${workload.metadata.uid} ${workload.metadata.generation}`, at)
  if (!DECIDED.test(message) && age < GRACE_MS) return undefined
  return failed({
    code: 'FailedCreate',
    about: aboutOf(workload),
    message: `the pods of ${workload.kind} ${pathOf(workload)} are refused: ${message}`,
    evidence: [message],
    hint: `kubectl describe ${workload.kind.toLowerCase()} ${workload.metadata.name} -n ${workload.metadata.namespace}`,
  })
}
