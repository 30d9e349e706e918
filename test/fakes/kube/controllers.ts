import type { KubeObject } from '../../../src/ports/kube.ts'

/**
 * What the simulated controllers make of an object. `failed` carries the reason a real one would give, `refused` (workloads)
 * why its pods may not be created.
 */
export type Verdict = 'ready' | 'progressing' | { readonly failed: string } | { readonly refused: string }

const reasonOf = (verdict: object): string => Object.values(verdict).join()

type Bag = Record<string, unknown>
type StatusOf = (object: KubeObject, verdict: Verdict, at: string) => Bag

const specOf = (object: KubeObject): Bag => (object.spec ?? {}) as Bag
const observed = (object: KubeObject): Bag => ({ observedGeneration: object.metadata.generation ?? 1 })
const wanted = (object: KubeObject): number => Number(specOf(object).replicas ?? 1)

const condition = (type: string, status: boolean, more: Bag = {}): Bag => ({
  type,
  status: status ? 'True' : 'False',
  ...more,
})

function deployment(object: KubeObject, verdict: Verdict): Bag {
  const replicas = verdict === 'ready' ? wanted(object) : 0
  const stuck = typeof verdict === 'object' && 'failed' in verdict
  const refused = typeof verdict === 'object' && 'refused' in verdict
  return {
    ...observed(object),
    replicas: wanted(object),
    updatedReplicas: wanted(object),
    readyReplicas: replicas,
    availableReplicas: replicas,
    conditions: [
      condition('Available', verdict === 'ready'),
      ...(refused ? [condition('ReplicaFailure', true, { reason: 'FailedCreate', message: verdict.refused })] : []),
      condition('Progressing', !stuck, stuck ? { reason: 'ProgressDeadlineExceeded', message: reasonOf(verdict) } : {}),
    ],
  }
}

function statefulSet(object: KubeObject, verdict: Verdict): Bag {
  const replicas = verdict === 'ready' ? wanted(object) : 0
  const revision = `${object.metadata.name}-1`
  return {
    ...observed(object),
    replicas: wanted(object),
    readyReplicas: replicas,
    availableReplicas: replicas,
    updatedReplicas: wanted(object),
    currentRevision: revision,
    updateRevision: revision,
  }
}

function daemonSet(object: KubeObject, verdict: Verdict): Bag {
  const ready = verdict === 'ready' ? 1 : 0
  const counts = { desiredNumberScheduled: 1, updatedNumberScheduled: 1, numberReady: ready, numberAvailable: ready }
  return { ...observed(object), ...counts }
}

function job(_object: KubeObject, verdict: Verdict): Bag {
  if (verdict === 'ready') return { succeeded: 1, conditions: [condition('Complete', true)] }
  if (verdict === 'progressing') return { active: 1 }
  const failed = condition('Failed', true, { reason: 'BackoffLimitExceeded', message: reasonOf(verdict) })
  return { failed: 1, conditions: [failed] }
}

function crd(_object: KubeObject, verdict: Verdict): Bag {
  const refused = typeof verdict === 'object' ? { reason: 'MultipleNamesNotAllowed', message: reasonOf(verdict) } : {}
  return {
    conditions: [
      condition('NamesAccepted', typeof verdict !== 'object', refused),
      condition('Established', verdict === 'ready'),
    ],
  }
}

function synced(object: KubeObject, verdict: Verdict, at: string): Bag {
  if (verdict === 'progressing') return {}
  if (verdict === 'ready') {
    const ready = condition('Ready', true, { reason: 'SecretSynced', message: 'secret synced' })
    const generation = `${object.metadata.generation ?? 1}-fake`
    return { conditions: [ready], refreshTime: at, syncedResourceVersion: generation }
  }
  const message = 'could not get secret data from provider'
  return { conditions: [condition('Ready', false, { reason: 'SecretSyncedError', message })] }
}

function store(_object: KubeObject, verdict: Verdict): Bag {
  if (verdict === 'progressing') return {}
  const ready = verdict === 'ready'
  const reason = ready ? 'Valid' : 'InvalidProviderConfig'
  const message = ready ? 'store validated' : 'unable to validate store'
  return { conditions: [condition('Ready', ready, { reason, message })] }
}

function template(object: KubeObject, verdict: Verdict): Bag {
  const observedGeneration = object.metadata.generation ?? 1
  if (verdict === 'progressing') return { created: false }
  if (verdict === 'ready') return { created: true, byPod: [{ id: 'gatekeeper-0', observedGeneration }] }
  const errors = [{ code: 'ingest_error', message: reasonOf(verdict) }]
  return { created: false, byPod: [{ id: 'gatekeeper-0', observedGeneration, errors }] }
}

function constraint(object: KubeObject, verdict: Verdict, at: string): Bag {
  const observedGeneration = object.metadata.generation ?? 1
  if (verdict === 'progressing') return {}
  if (verdict === 'ready') {
    const byPod = [{ id: 'gatekeeper-0', observedGeneration, enforced: true }]
    return { byPod, auditTimestamp: at, totalViolations: 0 }
  }
  return { byPod: [{ id: 'gatekeeper-0', observedGeneration, errors: [{ message: reasonOf(verdict) }] }] }
}

/** Of the Prometheus operator, about the pods of its StatefulSet. */
function operated(object: KubeObject, verdict: Verdict): Bag {
  const { observedGeneration } = observed(object)
  const replicas = verdict === 'ready' ? wanted(object) : 0
  return {
    conditions: [condition('Reconciled', true, { observedGeneration })],
    replicas: wanted(object),
    updatedReplicas: wanted(object),
    availableReplicas: replicas,
    unavailableReplicas: wanted(object) - replicas,
  }
}

const KINDS: Readonly<Record<string, StatusOf>> = {
  Deployment: deployment,
  StatefulSet: statefulSet,
  DaemonSet: daemonSet,
  Job: job,
  PersistentVolumeClaim: (_object, verdict) => ({ phase: verdict === 'ready' ? 'Bound' : 'Pending' }),
  CustomResourceDefinition: crd,
  ExternalSecret: synced,
  ClusterSecretStore: store,
  SecretStore: store,
  ConstraintTemplate: template,
  Prometheus: operated,
  Alertmanager: operated,
}

/** The status that the kind's controller would write, or undefined for kinds nobody reconciles. */
export function statusOf(object: KubeObject, verdict: Verdict, at: string): Bag | undefined {
  const statusIn = object.apiVersion.startsWith('constraints.gatekeeper.sh/') ? constraint : KINDS[object.kind]
  return statusIn?.(object, verdict, at)
}

/** The CRD that Gatekeeper makes from a template. */
export function crdOf(object: KubeObject): KubeObject | undefined {
  if (object.kind !== 'ConstraintTemplate') return undefined
  const { kind } = (specOf(object).crd as { spec: { names: { kind: string } } }).spec.names
  const { name, uid } = object.metadata
  return {
    apiVersion: 'apiextensions.k8s.io/v1',
    kind: 'CustomResourceDefinition',
    metadata: {
      name: `${kind.toLowerCase()}.constraints.gatekeeper.sh`,
      ownerReferences: [{ kind: 'ConstraintTemplate', name, uid: uid ?? '', controller: true }],
    },
    spec: { group: 'constraints.gatekeeper.sh', names: { kind }, versions: [{ name: 'v1beta1', served: true }] },
    status: { conditions: [condition('NamesAccepted', true), condition('Established', true)] },
  }
}

const IGNORE = 'admission.gatekeeper.sh/ignore'

/** Why Gatekeeper's webhook refuses an object, where it is installed. @param some whether there is such an object */
export function refusedByGatekeeper(
  object: KubeObject,
  some: (is: (other: KubeObject) => boolean) => boolean,
): string | undefined {
  if (object.kind !== 'Namespace' || object.metadata.labels?.[IGNORE] === undefined) return undefined
  const isThere = some(
    ({ kind, metadata }) => kind === 'ValidatingWebhookConfiguration' && metadata.name.startsWith('gatekeeper-'),
  )
  if (!isThere) return undefined
  return `admission webhook "check-ignore-label.gatekeeper.sh" denied the request: Only exempt namespace can have the ${IGNORE} label`
}

/** The warning event in which a real controller would say why. */
export function eventOf(object: KubeObject, verdict: Verdict): { reason: string; message: string } | undefined {
  if (typeof verdict !== 'object') return undefined
  if (object.kind === 'ExternalSecret') return { reason: 'UpdateFailed', message: reasonOf(verdict) }
  if ('refused' in verdict) return { reason: 'FailedCreate', message: verdict.refused }
  if (object.kind.endsWith('SecretStore')) return { reason: 'InvalidProviderConfig', message: reasonOf(verdict) }
  return undefined
}

/** The Secret that a synced ExternalSecret leaves; `value` gives the remote value of a key. */
export function secretOf(
  object: KubeObject,
  value: (remoteKey: string, property?: string) => string | undefined,
): KubeObject | undefined {
  if (object.kind !== 'ExternalSecret') return undefined
  const spec = specOf(object) as { target?: { name?: string }; data?: { secretKey: string; remoteRef: RemoteRef }[] }
  const data = (spec.data ?? []).map(({ secretKey, remoteRef }) => {
    const text = value(remoteRef.key, remoteRef.property) ?? ''
    return [secretKey, Buffer.from(text).toString('base64')]
  })
  const { name, namespace, uid } = object.metadata
  return {
    apiVersion: 'v1',
    kind: 'Secret',
    type: 'Opaque',
    metadata: {
      name: spec.target?.name ?? name,
      ...(namespace === undefined ? {} : { namespace }),
      ownerReferences: [{ kind: 'ExternalSecret', name, uid: uid ?? '', controller: true }],
    },
    data: Object.fromEntries(data),
  }
}

interface RemoteRef {
  readonly key: string
  readonly property?: string
}
