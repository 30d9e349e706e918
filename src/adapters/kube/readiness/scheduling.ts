import { eventsIn, newestFirst, type Said, saidAbout, sentence } from '../../../ports/events.ts'
import type { KubeObject } from '../../../ports/kube.ts'
import { STORAGE_CLASS } from '../../../ports/storage-class.ts'
import { lacksClass } from './no-volume.ts'
import { aboutOf, conditionOf, failed, pathOf, type Scene, specOf, type Verdict } from './reader.ts'

/** An autoscaler needs this long to see the pod and to say that it brings a node. */
const AUTOSCALER_GRACE_MS = 30_000

/** Said by cluster-autoscaler and Karpenter when a node is on its way: then only the deadline ends the wait. */
const NODE_IS_COMING = new Set(['TriggeredScaleUp', 'Nominated'])

/** A failure when the pod finds no node and none will come. */
export function readScheduling(pod: KubeObject, scene: Scene): Verdict | undefined {
  const scheduled = conditionOf(pod, 'PodScheduled')
  if (scheduled?.status !== 'False' || scheduled.reason !== 'Unschedulable') return undefined
  const events = scene.of(eventsIn(pod.metadata.namespace))
  const volume = missingVolume(pod, events, scene)
  const age = scene.age(`unschedulable ${pod.metadata.uid}`, scheduled.lastTransitionTime)
  const coming = saidAbout(pod, events).some((event) => NODE_IS_COMING.has(event.reason))
  if (!volume && (coming || age < AUTOSCALER_GRACE_MS)) return undefined
  return failed({
    code: 'Unschedulable',
    about: aboutOf(pod),
    message: `Pod ${pathOf(pod)} finds no node: ${scheduled.message ?? 'no reason given'}`,
    evidence: volume ? [sentence(volume)] : saidAbout(pod, events).slice(0, 1).map(sentence),
    hint: volume ? 'a default StorageClass is needed: llmgw deploy storage' : 'kubectl describe nodes',
  })
}

/** Why a pod has no node, while an autoscaler may still bring one. */
export function schedulingTrouble(pod: KubeObject): string | undefined {
  const scheduled = conditionOf(pod, 'PodScheduled')
  if (scheduled?.status !== 'False' || scheduled.reason !== 'Unschedulable') return undefined
  return `finds no node yet: ${scheduled.message ?? 'no reason given'}`
}

/** What the volume controller said against a claim that this pod mounts. */
function missingVolume(pod: KubeObject, events: readonly KubeObject[], scene: Scene): Said | undefined {
  const claims = claimsOf(pod)
  return newestFirst(events).find(
    ({ about, message }) =>
      about.kind === 'PersistentVolumeClaim' &&
      claims.includes(about.name) &&
      lacksClass(message, scene.of(STORAGE_CLASS)),
  )
}

/** Names of the claims that a pod mounts. */
export function claimsOf(pod: KubeObject): string[] {
  const volumes = (specOf(pod).volumes ?? []) as readonly { persistentVolumeClaim?: { claimName: string } }[]
  return volumes.flatMap(({ persistentVolumeClaim: claim }) => (claim === undefined ? [] : [claim.claimName]))
}
