import { isTree, type Tree } from '../../../src/config/merge.ts'
import type { KubeObject } from '../../../src/ports/index.ts'
import { containersOf, entries, mapping, nameOf, type PodShape, podsOf, selects, type Whole } from './whole.ts'

/** Services that lead to no Pod or port, addresses that name no Service, and monitors that find or are found by nobody. */
export function serviceFaults(whole: Whole): readonly string[] {
  const pods = podsOf(whole)
  const services = whole.objects.filter(({ kind }) => kind === 'Service')
  return [
    ...services.flatMap((service) => selectorFaults(service, pods, whole)),
    ...whole.objects.flatMap((object) => addressFaults(object, services, whole)),
    ...whole.objects.flatMap((object) => monitorFaults(object, services, whole)),
  ]
}

/** Pods of the control plane are no part of a chart. */
const FOREIGN = 'kube-system'
/** Pods of a StatefulSet get it with their own name. Source: Kubernetes documentation, StatefulSet. */
const POD_NAME = 'statefulset.kubernetes.io/pod-name'

/** Whether the Prometheus operator makes the Pods that are selected. Source: its labels of StatefulSets. */
function byOperator(selector: Tree, namespace: string | undefined, whole: Whole): boolean {
  const name = selector['operator.prometheus.io/name'] ?? selector.alertmanager
  return whole.objects.some(
    ({ kind, metadata }) =>
      (kind === 'Prometheus' || kind === 'Alertmanager') && metadata.name === name && metadata.namespace === namespace,
  )
}

function selectorFaults(service: KubeObject, pods: readonly PodShape[], whole: Whole): readonly string[] {
  const { selector, ports } = mapping(service.spec)
  if (!isTree(selector) || Object.keys(selector).length === 0 || service.metadata.namespace === FOREIGN) return []
  const own = pods.filter(
    ({ namespace, labels }) => namespace === service.metadata.namespace && selects(selector, named(labels, selector)),
  )
  if (own.length === 0)
    return byOperator(selector, service.metadata.namespace, whole) ? [] : [`${nameOf(service)} selects no Pod`]
  const open = own.flatMap((pod) => containersOf(pod).flatMap((container) => entries(container, 'ports')))
  return (Array.isArray(ports) ? ports.filter(isTree) : [])
    .map(({ targetPort }) => targetPort)
    .filter((port) => typeof port === 'string' && !open.some(({ name }) => name === port))
    .map((port) => `${nameOf(service)}: its Pods have no port named ${String(port)}`)
}

const ADDRESS = /\b([a-z0-9][a-z0-9-]*)\.([a-z0-9][a-z0-9-]*)\.svc\b(?:\.cluster\.local)?\.?(?::(\d+))?/g

/** Labels of a Pod, with the one that tells it from its siblings. */
function named(labels: Tree, selector: Tree): Tree {
  return POD_NAME in selector ? { ...labels, [POD_NAME]: selector[POD_NAME] } : labels
}

/** Every `<service>.<namespace>.svc[:port]` in an object. */
function addressFaults(object: KubeObject, services: readonly KubeObject[], whole: Whole): readonly string[] {
  if (object.kind === 'CustomResourceDefinition') return []
  const own = new Set(whole.objects.flatMap(({ metadata }) => metadata.namespace ?? []))
  own.delete(FOREIGN)
  const found = textsOf(object).flatMap((text) => [...text.matchAll(ADDRESS)])
  const faults = found
    .filter(([, , namespace = '']) => own.has(namespace))
    .flatMap(([address, name = '', namespace = '', port]) => {
      const label = `Service ${namespace}/${name}`
      if (whole.madeLater.has(label)) return []
      const service = services.find((one) => nameOf(one) === label)
      return unanswered(service, port).map((why) => `${nameOf(object)} names ${address}: ${label} ${why}`)
    })
  return [...new Set(faults)]
}

function unanswered(service: KubeObject | undefined, port: string | undefined): readonly string[] {
  if (service === undefined) return ['is not there']
  const open = entries(service.spec, 'ports').map((one) => String(one.port))
  return port === undefined || open.includes(port) ? [] : [`has ports ${open.join(', ')}`]
}

function textsOf(value: unknown): readonly string[] {
  if (typeof value === 'string') return [value]
  if (typeof value !== 'object' || value === null) return []
  return Object.values(value).flatMap(textsOf)
}

const SELECTORS: Readonly<Record<string, string>> = {
  ServiceMonitor: 'serviceMonitorSelector',
  PodMonitor: 'podMonitorSelector',
  PrometheusRule: 'ruleSelector',
}

/** A monitor must find a Service with its port, and Prometheus must find the monitor. */
function monitorFaults(object: KubeObject, services: readonly KubeObject[], whole: Whole): readonly string[] {
  const selector = SELECTORS[object.kind]
  if (selector === undefined) return []
  const labels = mapping(object, 'metadata', 'labels')
  const servers = whole.objects.filter(({ kind }) => kind === 'Prometheus')
  const found = servers.some(({ spec }) => selects(mapping(spec, selector), labels))
  const unseen = servers.length === 0 || found ? [] : [`${nameOf(object)}: no Prometheus selects it`]
  return object.kind === 'ServiceMonitor' ? [...unseen, ...endpointFaults(object, services)] : unseen
}

function endpointFaults(monitor: KubeObject, services: readonly KubeObject[]): readonly string[] {
  const { selector, namespaceSelector, endpoints } = mapping(monitor.spec)
  const names = mapping(namespaceSelector).matchNames
  const namespaces = Array.isArray(names) ? names : [monitor.metadata.namespace]
  const anywhere = mapping(namespaceSelector).any === true
  if (namespaces.includes(FOREIGN) || namespaces.includes('default')) return []
  const own = services.filter(
    ({ metadata }) =>
      (anywhere || namespaces.includes(metadata.namespace)) &&
      selects(mapping(selector), (metadata.labels ?? {}) as Tree),
  )
  if (own.length === 0) return [`${nameOf(monitor)} selects no Service`]
  const open = own.flatMap(({ spec }) => entries(spec, 'ports').map(({ name }) => name))
  return (Array.isArray(endpoints) ? endpoints.filter(isTree) : [])
    .map(({ port }) => port)
    .filter((port) => port !== undefined && !open.includes(port))
    .map((port) => `${nameOf(monitor)}: its Services have no port named ${String(port)}`)
}
