import type { Tree } from '../../../src/config/merge.ts'
import type { KubeObject } from '../../../src/ports/index.ts'
import { containersOf, entries, mapping, nameOf, type PodShape, podsOf, selects, type Whole } from './whole.ts'

/** NetworkPolicies that let nobody in or out: Pods that are not there, and ports that their Pods do not open. */
export function policyFaults(whole: Whole): readonly string[] {
  const pods = [...podsOf(whole), ...operatorPods(whole)]
  return whole.objects
    .filter(({ kind }) => kind === 'NetworkPolicy')
    .flatMap((policy) => [...subjectFaults(policy, pods), ...peerFaults(policy, pods)])
}

function subjectFaults(policy: KubeObject, pods: readonly PodShape[]): readonly string[] {
  const { namespace = '' } = policy.metadata
  const selector = mapping(policy.spec, 'podSelector')
  if (Object.keys(selector).length === 0) return []
  const own = selected(pods, namespace, selector)
  if (own.length === 0) return [`${nameOf(policy)} selects no Pod`]
  const open = own.flatMap((pod) => containersOf(pod).flatMap((container) => entries(container, 'ports')))
  // Pods on the network of the node, and some programs, open ports that they do not name.
  if (open.length === 0) return []
  return entries(policy.spec, 'ingress')
    .flatMap((rule) => entries(rule, 'ports').map(({ port }) => port))
    .filter((port) => !open.some(({ containerPort, name }) => containerPort === port || name === port))
    .map((port) => `${nameOf(policy)}: its Pods do not open port ${String(port)}`)
}

/** Peers in namespaces of the platform; what is elsewhere nobody knows here. */
function peerFaults(policy: KubeObject, pods: readonly PodShape[]): readonly string[] {
  const namespaces = new Set(pods.map(({ namespace }) => namespace))
  const rules = [
    ...entries(policy.spec, 'ingress').flatMap((rule) => entries(rule, 'from')),
    ...entries(policy.spec, 'egress').flatMap((rule) => entries(rule, 'to')),
  ]
  const faults = rules.flatMap((peer) => {
    const namespace = mapping(peer, 'namespaceSelector', 'matchLabels')['kubernetes.io/metadata.name']
    const selector = mapping(peer, 'podSelector')
    if (typeof namespace !== 'string' || !namespaces.has(namespace) || Object.keys(selector).length === 0) return []
    if (selected(pods, namespace, selector).length > 0) return []
    return [`${nameOf(policy)}: no Pod in ${namespace} has ${JSON.stringify(selector.matchLabels ?? selector)}`]
  })
  return [...new Set(faults)]
}

const selected = (pods: readonly PodShape[], namespace: string, selector: Tree): readonly PodShape[] =>
  pods.filter((pod) => pod.namespace === namespace && selects(selector, pod.labels))

/** Pods that the Prometheus operator makes. Source: its labels of StatefulSets, with those of `podMetadata`. */
function operatorPods({ objects }: Whole): readonly PodShape[] {
  return objects
    .filter(({ kind }) => kind === 'Prometheus' || kind === 'Alertmanager')
    .map((object) => ({
      owner: nameOf(object),
      namespace: object.metadata.namespace ?? '',
      labels: {
        'app.kubernetes.io/name': object.kind.toLowerCase(),
        ...mapping(object.spec, 'podMetadata', 'labels'),
      },
      spec: {},
    }))
}
