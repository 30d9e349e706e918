import { eventsIn, saidAbout, sentence } from '../../../ports/events.ts'
import type { KubeObject } from '../../../ports/kube.ts'
import { aboutOf, conditionOf, failed, pathOf, type Scene, type Verdict } from './reader.ts'

/** A Secret or ConfigMap may be on its way when its pod is made. */
const GRACE_MS = 15_000

/** What time alone does not bring. Source: k8s.io/kubernetes pkg/volume/{secret,configmap,projected}. */
const ABSENT = /(?:configmap|secret) "[^"]+" not found|references non-existent (?:secret|config) key/

/** Why the volumes of a pod are not mounted, in the kubelet's words; undefined when it said nothing, or the pod runs. */
export function mountTrouble(
  pod: KubeObject,
  scene: Scene,
): { readonly message: string; readonly event: string } | undefined {
  if (conditionOf(pod, 'Ready')?.status === 'True') return undefined
  const said = saidAbout(pod, scene.of(eventsIn(pod.metadata.namespace))).find(({ reason }) => reason === 'FailedMount')
  return said && { message: said.message, event: sentence(said) }
}

/** A failure when a pod waits for a volume whose source is not there. */
export function readMounting(pod: KubeObject, scene: Scene): Verdict | undefined {
  const { containerStatuses = [] } = (pod.status ?? {}) as {
    containerStatuses?: readonly { readonly state?: { readonly waiting?: { readonly reason?: string } } }[]
  }
  if (!containerStatuses.some(({ state }) => state?.waiting?.reason === 'ContainerCreating')) return undefined
  const trouble = mountTrouble(pod, scene)
  if (trouble === undefined || !ABSENT.test(trouble.message)) return undefined
  if (scene.age(`mount ${pod.metadata.uid}`, pod.metadata.creationTimestamp) < GRACE_MS) return undefined
  return failed({
    code: 'FailedMount',
    about: aboutOf(pod),
    message: `Pod ${pathOf(pod)} waits for a volume: ${trouble.message}`,
    evidence: [trouble.event],
    hint: `kubectl describe pod ${pod.metadata.name} -n ${pod.metadata.namespace}`,
  })
}
