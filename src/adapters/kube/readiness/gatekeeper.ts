import type { KubeObject } from '../../../ports/kube.ts'
import { aboutOf, failed, progressing, READY, type Reader, statusOf, type Verdict } from './reader.ts'

interface PodStatus {
  readonly id?: string
  readonly observedGeneration?: number
  readonly enforced?: boolean
  readonly errors?: readonly { readonly code?: string; readonly message?: string }[]
}

/** Ready when its CRD is made and every Gatekeeper pod has compiled the newest version. */
export const constraintTemplate: Reader = {
  needs: () => [],
  read(object) {
    const bad = rejected(object)
    if (bad) return bad
    if (statusOf(object).created !== true) return progressing('waiting for its constraint kind')
    return caughtUp(object, () => true)
  },
}

/** Ready when every Gatekeeper pod enforces the newest version. */
export const constraint: Reader = {
  needs: () => [],
  read: (object) => rejected(object) ?? caughtUp(object, ({ enforced }) => enforced !== false),
}

function byPod(object: KubeObject): readonly PodStatus[] {
  return (statusOf(object).byPod ?? []) as readonly PodStatus[]
}

function rejected(object: KubeObject): Verdict | undefined {
  const pod = byPod(object).find(
    ({ errors, observedGeneration }) =>
      errors !== undefined && errors.length > 0 && observedGeneration === object.metadata.generation,
  )
  if (!pod) return undefined
  const words = (pod.errors ?? []).map(({ code, message }) => [code, message].filter(Boolean).join(': '))
  return failed({
    code: 'PolicyRejected',
    about: aboutOf(object),
    message: `Gatekeeper does not accept ${object.kind} ${object.metadata.name}: ${words[0]}`,
    evidence: words,
    hint: `kubectl describe ${object.kind.toLowerCase()} ${object.metadata.name}`,
  })
}

function caughtUp(object: KubeObject, test: (pod: PodStatus) => boolean): Verdict {
  const pods = byPod(object)
  const done = pods.filter(
    (pod) => (pod.observedGeneration ?? 0) >= (object.metadata.generation ?? 0) && test(pod),
  ).length
  return pods.length > 0 && done === pods.length
    ? READY
    : progressing(`taken up by ${done}/${Math.max(pods.length, 1)} Gatekeeper pods`)
}
