import type { KubeObject, ObjectRef, Services, StepContext } from '../../src/ports/index.ts'
import { refOf, targetOf } from '../desired.ts'
import { RELEASES } from '../names.ts'
import { PASSWORD_SECRET } from './cache-password.ts'
import type { Place } from './places.ts'
import { keysUsed, type PodSpec } from './pod-references.ts'

/** Kinds whose pods are replaced when their template changes. */
const RESTARTABLE = ['Deployment', 'StatefulSet', 'DaemonSet'] as const

/**
 * `first`: checks a value, and takes one at a time. `last`: checks a value, and has been told to take the new one beside the
 * old, which ends with its restart. `between`: presents what it is given.
 */
export type Turn = (typeof TURNS)[number]

/** In the order of restarts. */
export const TURNS = ['first', 'between', 'last'] as const

/** A workload whose pods read some of these secrets. */
export interface Consumer {
  readonly ref: ObjectRef
  /** Logical names, sorted. */
  readonly secrets: readonly string[]
  /** When it restarts, compared with those who only present a value. */
  readonly turn: Turn
}

/** Who checks a value that others present, by logical name; of Redis the servers, not the proxy. */
const CHECKED_BY: Readonly<Record<string, { readonly release: string; readonly kind?: string; readonly turn: Turn }>> =
  {
    'litellm-master-key': { release: RELEASES.litellm.name, turn: 'first' },
    [PASSWORD_SECRET]: { release: RELEASES.redis.name, kind: 'StatefulSet', turn: 'last' },
  }

function turnOf({ kind, metadata }: KubeObject, secrets: readonly string[]): Turn {
  const release = metadata.annotations?.['meta.helm.sh/release-name']
  const checked = secrets.flatMap((secret) => CHECKED_BY[secret] ?? [])
  return checked.find((by) => by.release === release && (by.kind ?? kind) === kind)?.turn ?? 'between'
}

type Looking = Services & Pick<StepContext, 'signal'>

/** Workloads that read these places, from their live pod templates and from the pods they own. */
export async function findConsumers(ctx: Looking, places: readonly Place[]): Promise<readonly Consumer[]> {
  const namespaces = [...new Set(places.map(({ namespace }) => namespace))]
  const found = await Promise.all(namespaces.map((namespace) => consumersIn(ctx, namespace, places)))
  return found.flat().sort((a, b) => (targetOf(a.ref) < targetOf(b.ref) ? -1 : 1))
}

async function consumersIn(ctx: Looking, namespace: string, places: readonly Place[]): Promise<readonly Consumer[]> {
  const [workloads, pods, owners] = await Promise.all([
    Promise.all(RESTARTABLE.map((kind) => ctx.kube.list({ apiVersion: 'apps/v1', kind, namespace }, ctx.signal))),
    podsIn(ctx, namespace),
    ctx.kube.list({ apiVersion: 'apps/v1', kind: 'ReplicaSet', namespace }, ctx.signal),
  ])
  return workloads.flat().flatMap((workload) => {
    const own = pods.filter((pod) => ownerOf(pod, owners) === workload.metadata.uid)
    const specs = [templateOf(workload).spec, ...own.map((pod) => pod.spec as PodSpec)]
    const used = places.filter((place) => place.namespace === namespace && specs.some((spec) => uses(spec, place)))
    if (used.length === 0) return []
    const secrets = [...new Set(used.map(({ secret }) => secret))].sort()
    return [{ ref: refOf(workload), secrets, turn: turnOf(workload, secrets) }]
  })
}

/** Pods that run or will run. */
export async function podsIn(ctx: Looking, namespace: string): Promise<readonly KubeObject[]> {
  const pods = await ctx.kube.list({ apiVersion: 'v1', kind: 'Pod', namespace }, ctx.signal)
  return pods.filter(({ status, metadata }) => {
    const { phase } = (status ?? {}) as { readonly phase?: string }
    return phase !== 'Succeeded' && phase !== 'Failed' && metadata.deletionTimestamp === undefined
  })
}

/** Whether a pod reads a place. */
export function uses(spec: PodSpec | undefined, place: Place): boolean {
  const keys = keysUsed(spec, place.name)
  return keys === 'all' || keys.has(place.key)
}

/** Pod template of a workload. */
export function templateOf(workload: KubeObject): {
  readonly metadata?: { readonly annotations?: Readonly<Record<string, string>> }
  readonly spec?: PodSpec
} {
  return ((workload.spec ?? {}) as { readonly template?: object }).template ?? {}
}

/** Uid of the workload that a pod belongs to, through its ReplicaSet where it has one. */
function ownerOf(pod: KubeObject, replicaSets: readonly KubeObject[]): string | undefined {
  const direct = controllerOf(pod)
  const set = replicaSets.find(({ metadata }) => metadata.uid === direct)
  return set === undefined ? direct : controllerOf(set)
}

const controllerOf = ({ metadata }: KubeObject): string | undefined =>
  metadata.ownerReferences?.find(({ controller }) => controller === true)?.uid

/** How messages name a consumer. */
export const consumerName = ({ ref }: Pick<Consumer, 'ref'>): string => targetOf(ref)

/** Places by the namespaces they are in. */
export const namespacesOf = (places: readonly Place[]): readonly string[] => [
  ...new Set(places.map(({ namespace }) => namespace)),
]
