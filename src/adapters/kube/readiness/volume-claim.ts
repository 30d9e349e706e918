import { eventsIn, saidAbout, sentence } from '../../../ports/events.ts'
import type { KubeObject } from '../../../ports/kube.ts'
import { STORAGE_CLASS } from '../../../ports/storage-class.ts'
import { aboutClass, lacksClass } from './no-volume.ts'
import { podsIn } from './pods.ts'
import {
  aboutOf,
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
import { claimsOf } from './scheduling.ts'

/** A provisioner's first failure may pass (throttling); this long it does not. */
const GRACE_MS = 20_000

/** Ready when bound, or when its class waits for a first consumer and nobody consumes it. */
export const volumeClaim: Reader = {
  needs: ({ metadata }) => [STORAGE_CLASS, podsIn(metadata.namespace), eventsIn(metadata.namespace)],
  read(object, scene) {
    const { phase } = statusOf(object)
    if (phase === 'Bound') return READY
    if (phase === 'Lost') return claimFailed(object, 'has lost its volume', [])
    if (waitsForConsumer(object, scene)) return READY
    return explain(object, scene) ?? progressing('waiting for a volume')
  },
}

function waitsForConsumer(claim: KubeObject, scene: Scene): boolean {
  const name = specOf(claim).storageClassName
  const storageClass = scene.of(STORAGE_CLASS).find(({ metadata }) => metadata.name === name)
  if (storageClass?.volumeBindingMode !== 'WaitForFirstConsumer') return false
  return !scene.of(podsIn(claim.metadata.namespace)).some((pod) => claimsOf(pod).includes(claim.metadata.name))
}

function explain(claim: KubeObject, scene: Scene): Verdict | undefined {
  const said = saidAbout(claim, scene.of(eventsIn(claim.metadata.namespace)))[0]
  if (!said || (!said.warning && said.reason !== 'FailedBinding')) return undefined
  if (isMended(said.message, scene)) return undefined
  if (
    !aboutClass(said.message) &&
    scene.age(`claim ${claim.metadata.uid}`, claim.metadata.creationTimestamp) < GRACE_MS
  )
    return undefined
  return claimFailed(claim, `gets no volume: ${said.message}`, [sentence(said)])
}

/** It was said of a class that is there by now: the controller has not come round again. */
const isMended = (message: string, scene: Scene): boolean =>
  aboutClass(message) && !lacksClass(message, scene.of(STORAGE_CLASS))

function claimFailed(claim: KubeObject, what: string, evidence: readonly string[]): Verdict {
  return failed({
    code: 'VolumeNotBound',
    about: aboutOf(claim),
    message: `PersistentVolumeClaim ${pathOf(claim)} ${what}`,
    evidence,
    hint: 'look at the storage classes: kubectl get storageclass; llmgw deploy storage',
  })
}
