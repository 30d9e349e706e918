import { isTree, type Tree } from '../../../src/config/merge.ts'
import type { KubeObject } from '../../../src/ports/index.ts'
import { containersOf, entries, mapping, nameOf, type PodShape, podsOf, selects, type Whole } from './whole.ts'

/** What Pods and bindings name and nobody makes: Secrets and their keys, ConfigMaps, ServiceAccounts. */
export function referenceFaults(whole: Whole): readonly string[] {
  const pods = podsOf(whole)
  return [
    ...pods.flatMap((pod) => podFaults(pod, whole)),
    ...whole.objects.flatMap((object) => bindingFaults(object, whole)),
    ...whole.objects.flatMap((object) => targetFaults(object, { pods, whole })),
  ]
}

interface Named {
  readonly kind: 'Secret' | 'ConfigMap'
  readonly name: unknown
  readonly keys: readonly unknown[]
  readonly optional: unknown
}

function podFaults(pod: PodShape, whole: Whole): readonly string[] {
  const account = pod.spec.serviceAccountName ?? 'default'
  const found = account === 'default' || isThere(whole, `ServiceAccount ${pod.namespace}/${String(account)}`)
  return [
    ...(found ? [] : [`${pod.owner}: ServiceAccount ${pod.namespace}/${String(account)} is not there`]),
    ...namedBy(pod).flatMap((named) => missing(named, pod.namespace, whole).map((fault) => `${pod.owner}: ${fault}`)),
  ]
}

function namedBy(pod: PodShape): readonly Named[] {
  const containers = containersOf(pod)
  const variables = containers.flatMap((container) => entries(container, 'env')).map(({ valueFrom }) => valueFrom)
  const wholeOnes = containers.flatMap((container) => entries(container, 'envFrom'))
  const volumes = entries(pod.spec, 'volumes')
  const sources = [...volumes, ...volumes.flatMap((volume) => entries(volume, 'projected', 'sources'))]
  return [
    ...variables.flatMap((from) => [
      one('Secret', mapping(from, 'secretKeyRef')),
      one('ConfigMap', mapping(from, 'configMapKeyRef')),
    ]),
    ...wholeOnes.flatMap((from) => [
      one('Secret', mapping(from, 'secretRef')),
      one('ConfigMap', mapping(from, 'configMapRef')),
    ]),
    ...sources.flatMap((volume) => [
      one('Secret', mapping(volume, 'secret')),
      one('ConfigMap', mapping(volume, 'configMap')),
    ]),
  ].filter(({ name }) => name !== undefined)
}

function one(kind: Named['kind'], { name, secretName, key, items, optional }: Tree): Named {
  const keys = Array.isArray(items) ? items.map((item) => (isTree(item) ? item.key : undefined)) : [key]
  return { kind, name: name ?? secretName, keys: keys.filter((one) => one !== undefined), optional }
}

function missing({ kind, name, keys, optional }: Named, namespace: string, whole: Whole): readonly string[] {
  if (optional === true) return []
  const label = `${kind} ${namespace}/${String(name)}`
  if (whole.madeLater.has(label)) return []
  const held = keysOf(whole, label)
  if (held === undefined) return [`${label} is not there`]
  return keys.filter((key) => !held.includes(String(key))).map((key) => `${label} has no key ${String(key)}`)
}

function keysOf({ objects, synced }: Whole, label: string): readonly string[] | undefined {
  const object = objects.find((one) => nameOf(one) === label)
  const filled = synced.find(({ namespace, name }) => `Secret ${namespace}/${name}` === label)
  if (object === undefined && filled === undefined) return undefined
  const { data, stringData, binaryData } = (object ?? {}) as unknown as Tree
  return [...(filled?.keys ?? []), ...[data, stringData, binaryData].flatMap((part) => Object.keys(mapping(part)))]
}

const isThere = (whole: Whole, label: string): boolean =>
  whole.madeLater.has(label) || whole.objects.some((object) => nameOf(object) === label)

function bindingFaults(object: KubeObject, whole: Whole): readonly string[] {
  if (!/^(Cluster)?RoleBinding$/.test(object.kind)) return []
  return entries(object, 'subjects')
    .filter(({ kind }) => kind === 'ServiceAccount')
    .map(({ name, namespace }) => `ServiceAccount ${String(namespace ?? object.metadata.namespace)}/${String(name)}`)
    .filter((label) => !isThere(whole, label))
    .map((label) => `${nameOf(object)}: ${label} is not there`)
}

/** Disruption budgets that protect nothing, autoscalers of nothing, webhooks that lead nowhere. */
function targetFaults(
  object: KubeObject,
  { pods, whole }: { readonly pods: readonly PodShape[]; readonly whole: Whole },
): readonly string[] {
  const { kind, metadata, spec } = object
  if (kind === 'PodDisruptionBudget') {
    const some = pods.some(
      ({ namespace, labels }) => namespace === metadata.namespace && selects(mapping(spec, 'selector'), labels),
    )
    return some ? [] : [`${nameOf(object)} selects no Pod`]
  }
  if (kind === 'HorizontalPodAutoscaler') {
    const target = mapping(spec, 'scaleTargetRef')
    const label = `${String(target.kind)} ${metadata.namespace}/${String(target.name)}`
    return isThere(whole, label) ? [] : [`${nameOf(object)}: ${label} is not there`]
  }
  if (!/^(Validating|Mutating)WebhookConfiguration$/.test(kind)) return []
  return entries(object, 'webhooks')
    .map((webhook) => mapping(webhook, 'clientConfig', 'service'))
    .filter(({ name }) => name !== undefined)
    .map(({ name, namespace }) => `Service ${String(namespace)}/${String(name)}`)
    .filter((label) => !isThere(whole, label))
    .map((label) => `${nameOf(object)}: ${label} is not there`)
}
