import type { Cause } from '../../src/engine/step.ts'
import type { KubeObject, ListQuery, ObjectRef } from '../../src/ports/index.ts'
import type { Rule, Scene } from './scene.ts'

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

const DISCOVERY = 'NamespaceDeletionDiscoveryFailure'

/** A namespace that terminates for ever: what holds it, down to the object and its finalizer. */
export const heldNamespace: Rule = async (cause, scene) => {
  if (cause.code !== 'NamespaceTerminating') return undefined
  for (const name of Object.values(scene.config.namespaces)) {
    const found = await scene.kube.find({ apiVersion: 'v1', kind: 'Namespace', name }, scene.signal)
    const held = found?.metadata.deletionTimestamp === undefined ? undefined : await whatHolds(found, scene)
    if (held) return held
  }
  return undefined
}

async function whatHolds({ metadata: { name }, status }: KubeObject, scene: Scene): Promise<Cause | undefined> {
  const { conditions = [] } = (status ?? {}) as { conditions?: readonly Condition[] }
  const holding = conditions.filter((one) => one.status === 'True' && one.type in HOLDS)
  const [type] = Object.keys(HOLDS).filter((one) => holding.some((is) => is.type === one))
  if (type === undefined) return undefined
  const [held, ...others] = type === DISCOVERY ? [] : await heldObjects(name, holding, scene)
  const words = holding.find((one) => one.type === type)?.message ?? ''
  return {
    code: 'NamespaceHeld',
    message: `namespace ${name} cannot end: ${held === undefined ? `it waits for ${HOLDS[type]}: ${words}` : held.words}`,
    evidence: [
      ...holding.map((one) => `${one.type}: ${one.message ?? ''}`),
      ...others.slice(0, MOST).map((one) => one.words),
    ],
    hint: type === DISCOVERY ? 'kubectl get apiservices | grep False' : hintFor(name, held),
    about: { apiVersion: 'v1', kind: 'Namespace', name },
  }
}

/** Enough to see what they have in common. */
const MOST = 8

interface Held {
  readonly object: KubeObject
  readonly plural: string
  readonly words: string
}

function hintFor(namespace: string, held: Held | undefined): string {
  if (held === undefined) return `see what is left: kubectl get all,externalsecrets,pvc -n ${namespace}`
  const { object, plural } = held
  const see = `kubectl get ${plural} ${object.metadata.name} -n ${namespace} -o yaml`
  return `bring back the controller that owns the finalizer; where it is gone for good: ${see}, then take the finalizer out with kubectl edit`
}

/** Objects that are on their way out and that a finalizer keeps. */
async function heldObjects(
  namespace: string,
  conditions: readonly Condition[],
  scene: Scene,
): Promise<readonly Held[]> {
  const remaining = conditions.find(({ type }) => type === 'NamespaceContentRemaining')?.message ?? ''
  const lists = await Promise.all(
    resourcesIn(remaining).map(async (resource) => {
      const query = await queryFor(resource, namespace, scene)
      const objects = query === undefined ? [] : await scene.kube.list(query, scene.signal)
      return objects.flatMap((object) => heldBy(object, resource))
    }),
  )
  return lists.flat()
}

function heldBy(object: KubeObject, plural: string): readonly Held[] {
  const { deletionTimestamp, finalizers = [], name } = object.metadata
  if (deletionTimestamp === undefined || finalizers.length === 0) return []
  const what = finalizers.length === 1 ? 'finalizer' : 'finalizers'
  return [{ object, plural, words: `${object.kind} ${name} waits for ${what} ${finalizers.join(', ')}` }]
}

/** `configmaps.` of the core group, `plural.group` of others. Source: k8s.io/kubernetes pkg/controller/namespace/deletion/status_condition_utils.go. */
function resourcesIn(message: string): readonly string[] {
  return [...message.matchAll(/([a-z0-9-]+\.[a-z0-9.-]*) has \d+ resource instances/g)].map(([, name = '']) =>
    name.replace(/\.$/, ''),
  )
}

/** Kinds of the cluster itself that carry finalizers in practice. */
const BUILT_IN: Readonly<Record<string, Pick<ObjectRef, 'apiVersion' | 'kind'>>> = {
  configmaps: { apiVersion: 'v1', kind: 'ConfigMap' },
  secrets: { apiVersion: 'v1', kind: 'Secret' },
  services: { apiVersion: 'v1', kind: 'Service' },
  pods: { apiVersion: 'v1', kind: 'Pod' },
  persistentvolumeclaims: { apiVersion: 'v1', kind: 'PersistentVolumeClaim' },
  serviceaccounts: { apiVersion: 'v1', kind: 'ServiceAccount' },
  'deployments.apps': { apiVersion: 'apps/v1', kind: 'Deployment' },
  'statefulsets.apps': { apiVersion: 'apps/v1', kind: 'StatefulSet' },
  'jobs.batch': { apiVersion: 'batch/v1', kind: 'Job' },
  'ingresses.networking.k8s.io': { apiVersion: 'networking.k8s.io/v1', kind: 'Ingress' },
}

async function queryFor(resource: string, namespace: string, { kube, signal }: Scene): Promise<ListQuery | undefined> {
  const known = BUILT_IN[resource]
  if (known) return { ...known, namespace }
  const name = { apiVersion: 'apiextensions.k8s.io/v1', kind: 'CustomResourceDefinition', name: resource }
  const found = await kube.find(name, signal)
  const {
    group,
    names,
    versions = [],
  } = (found?.spec ?? {}) as {
    readonly group?: string
    readonly names?: { readonly kind: string }
    readonly versions?: readonly { readonly name: string; readonly served: boolean }[]
  }
  const version = versions.find(({ served }) => served)?.name
  return group && names && version ? { apiVersion: `${group}/${version}`, kind: names.kind, namespace } : undefined
}
