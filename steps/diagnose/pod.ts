import type { Cause } from '../../src/engine/step.ts'
import { eventsIn, newestFirst, saidAbout, sentence } from '../../src/ports/events.ts'
import type { KubeObject, ObjectRef } from '../../src/ports/index.ts'
import { aboutOf, nameOf, type Rule, refTo, type Scene } from './scene.ts'

interface KeyRef {
  readonly name?: string
  readonly key?: string
  readonly optional?: boolean
}

interface Source {
  readonly secretKeyRef?: KeyRef
  readonly configMapKeyRef?: KeyRef
  readonly secretRef?: KeyRef
  readonly configMapRef?: KeyRef
}

interface Container {
  readonly env?: readonly { readonly valueFrom?: Source }[]
  readonly envFrom?: readonly Source[]
}

interface Volume {
  readonly secret?: { readonly secretName?: string; readonly optional?: boolean; readonly items?: readonly KeyRef[] }
  readonly configMap?: KeyRef & { readonly items?: readonly KeyRef[] }
}

interface PodSpec {
  readonly containers?: readonly Container[]
  readonly initContainers?: readonly Container[]
  readonly volumes?: readonly Volume[]
}

/** Something that a pod cannot start without. */
interface Demand {
  readonly kind: 'Secret' | 'ConfigMap'
  readonly name: string
  readonly key?: string
}

/** A pod that cannot start, or waits for its volumes, because a Secret or ConfigMap or one of its keys is not there. */
export const lackingSource: Rule = async (cause, scene) => {
  if (cause.about?.kind !== 'Pod') return undefined
  const pod = await scene.kube.find(cause.about, scene.signal)
  if (pod === undefined) return undefined
  for (const demand of demandsOf((pod.spec ?? {}) as PodSpec)) {
    const ref = { apiVersion: 'v1', kind: demand.kind, name: demand.name, namespace: pod.metadata.namespace }
    const held = await keysOf(ref, scene)
    if (held !== undefined && (demand.key === undefined || held.includes(demand.key))) continue
    const what =
      held === undefined ? 'is not there' : `has no key "${demand.key}" (it has ${held.join(', ') || 'none'})`
    return {
      code: 'SourceMissing',
      message: `${nameOf(ref)} ${what}, and Pod ${pod.metadata.namespace}/${pod.metadata.name} cannot start without`,
      evidence: [cause.message, ...(cause.evidence ?? [])],
      hint: `kubectl describe pod ${pod.metadata.name} -n ${pod.metadata.namespace}`,
      about: aboutOf(ref),
    }
  }
  return undefined
}

async function keysOf(ref: ObjectRef, { kube, signal }: Scene): Promise<readonly string[] | undefined> {
  const found = await kube.find(ref, signal)
  return found && [...Object.keys((found.data ?? {}) as object), ...Object.keys((found.binaryData ?? {}) as object)]
}

function demandsOf({ containers = [], initContainers = [], volumes = [] }: PodSpec): readonly Demand[] {
  const sources = [...initContainers, ...containers].flatMap(({ env = [], envFrom = [] }) => [
    ...env.flatMap(({ valueFrom }) => valueFrom ?? []),
    ...envFrom,
  ])
  return [...sources.flatMap(ofSource), ...volumes.flatMap(ofVolume)]
}

function ofSource({ secretKeyRef, configMapKeyRef, secretRef, configMapRef }: Source): readonly Demand[] {
  return [...demand('Secret', secretKeyRef ?? secretRef), ...demand('ConfigMap', configMapKeyRef ?? configMapRef)]
}

function ofVolume({ secret, configMap }: Volume): readonly Demand[] {
  const name = secret?.secretName
  const fromSecret = name === undefined ? undefined : { name, optional: secret?.optional ?? false }
  return [
    ...demand('Secret', fromSecret),
    ...(secret?.items ?? []).flatMap(({ key }) =>
      demand('Secret', fromSecret && key ? { ...fromSecret, key } : undefined),
    ),
    ...demand('ConfigMap', configMap),
    ...(configMap?.items ?? []).flatMap(({ key }) => demand('ConfigMap', key ? { ...configMap, key } : undefined)),
  ]
}

function demand(kind: Demand['kind'], ref: KeyRef | undefined): readonly Demand[] {
  if (ref?.name === undefined || ref.optional === true) return []
  return [{ kind, name: ref.name, ...(ref.key === undefined ? {} : { key: ref.key }) }]
}

/** What a workload that is not ready waits for, as the newest warning tells: about its pods, or that none may be made. */
export async function unreadyPod(workload: ObjectRef, scene: Scene): Promise<Cause | undefined> {
  const { kube, signal } = scene
  const { namespace } = workload
  if (namespace === undefined) return undefined
  const [pods, events] = await Promise.all([
    kube.list({ apiVersion: 'v1', kind: 'Pod', namespace }, signal),
    kube.list(eventsIn(namespace), signal),
  ])
  for (const pod of pods.filter((one) => belongsTo(one, workload) && !isReady(one))) {
    const warning = saidAbout(pod, events).find((said) => said.warning)
    if (warning === undefined) continue
    return {
      code: 'PodNotReady',
      message: `Pod ${namespace}/${pod.metadata.name} does not get ready: ${warning.message}`,
      evidence: [sentence(warning)],
      hint: `kubectl describe pod ${pod.metadata.name} -n ${namespace}`,
      about: aboutOf(refTo(pod)),
    }
  }
  return refusedPods(workload, events)
}

/** A StatefulSet makes its pods itself, a Deployment's ReplicaSet does. */
function refusedPods(workload: ObjectRef, events: readonly KubeObject[]): Cause | undefined {
  const { kind, name, namespace } = workload
  const refused = newestFirst(events).find(
    ({ reason, about }) =>
      reason === 'FailedCreate' &&
      (about.name === name ||
        (kind === 'Deployment' && about.kind === 'ReplicaSet' && about.name.startsWith(`${name}-`))),
  )
  if (refused === undefined) return undefined
  return {
    code: 'FailedCreate',
    message: `the pods of ${nameOf(workload)} are refused: ${refused.message}`,
    evidence: [refused.message],
    hint: `kubectl describe ${kind.toLowerCase()} ${name} -n ${namespace}`,
    about: aboutOf(workload),
  }
}

/** Pods of a Deployment belong to its ReplicaSet, whose name starts with the Deployment's. */
function belongsTo({ metadata }: KubeObject, { kind, name }: ObjectRef): boolean {
  return (metadata.ownerReferences ?? []).some(
    (owner) =>
      (owner.kind === kind && owner.name === name) ||
      (kind === 'Deployment' && owner.kind === 'ReplicaSet' && owner.name.startsWith(`${name}-`)),
  )
}

function isReady({ status }: KubeObject): boolean {
  const { conditions = [] } = (status ?? {}) as { conditions?: readonly { type: string; status: string }[] }
  return conditions.some(({ type, status: is }) => type === 'Ready' && is === 'True')
}
