import type { Rule } from './scene.ts'

interface Condition {
  readonly type: string
  readonly status: string
  readonly message?: string
}

/** What a namespace that is being deleted still waits for. Source: k8s.io/api core/v1 NamespaceConditionType. */
const HOLDS: Readonly<Record<string, string>> = {
  NamespaceDeletionDiscoveryFailure: 'an API that does not answer',
  NamespaceFinalizersRemaining: 'finalizers that nobody removes',
  NamespaceContentRemaining: 'objects that are still there',
  NamespaceDeletionContentFailure: 'objects that cannot be deleted',
}

/** A namespace that terminates for ever: what holds it. */
export const heldNamespace: Rule = async (cause, { kube, config, signal }) => {
  if (cause.code !== 'NamespaceTerminating') return undefined
  for (const name of Object.values(config.namespaces)) {
    const found = await kube.find({ apiVersion: 'v1', kind: 'Namespace', name }, signal)
    if (found?.metadata.deletionTimestamp === undefined) continue
    const { conditions = [] } = (found.status ?? {}) as { conditions?: readonly Condition[] }
    const [type] = Object.keys(HOLDS).filter((one) => conditions.some((is) => is.type === one && is.status === 'True'))
    if (type === undefined) continue
    const words = conditions.find((one) => one.type === type)?.message ?? ''
    return {
      code: 'NamespaceHeld',
      message: `namespace ${name} cannot end: it waits for ${HOLDS[type]}: ${words}`,
      evidence: conditions.filter(({ status }) => status === 'True').map((one) => `${one.type}: ${one.message ?? ''}`),
      hint:
        type === 'NamespaceDeletionDiscoveryFailure'
          ? 'kubectl get apiservices | grep False'
          : `see what is left: kubectl get all,externalsecrets,pvc -n ${name}; bring back the controller that owns the finalizer`,
      about: { apiVersion: 'v1', kind: 'Namespace', name },
    }
  }
  return undefined
}
