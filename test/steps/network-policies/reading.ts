import { BlockList } from 'node:net'
import type { KubeObject } from '../../../src/ports/index.ts'

/** Where a connection starts or ends: a pod by its namespace and labels, or an address that is no pod's. */
export type End = { readonly namespace: string; readonly labels: Readonly<Record<string, string>> } | string

interface Peer {
  readonly podSelector?: { readonly matchLabels?: Readonly<Record<string, string>> }
  readonly namespaceSelector?: { readonly matchLabels?: Readonly<Record<string, string>> }
  readonly ipBlock?: { readonly cidr: string; readonly except?: readonly string[] }
}
interface Rule {
  readonly from?: readonly Peer[]
  readonly to?: readonly Peer[]
  readonly ports?: readonly { readonly protocol: string; readonly port: number }[]
}
interface Spec {
  readonly podSelector: { readonly matchLabels?: Readonly<Record<string, string>> }
  readonly policyTypes: readonly string[]
  readonly ingress?: readonly Rule[]
  readonly egress?: readonly Rule[]
}

/**
 * Whether NetworkPolicies let a connection through: an own reading of the Kubernetes documentation, as far as our policies
 * use it. A second, independent one is the analyzer in test/e2e.
 */
export function allows(policies: readonly KubeObject[], [from, to, port]: readonly [End, End, string]): boolean {
  return passes(policies, 'egress', from, to, port) && passes(policies, 'ingress', to, from, port)
}

function passes(
  policies: readonly KubeObject[],
  side: 'ingress' | 'egress',
  own: End,
  other: End,
  port: string,
): boolean {
  if (typeof own === 'string') return true
  const about = policies
    .filter(({ metadata }) => metadata.namespace === own.namespace)
    .map(({ spec }) => spec as Spec)
    .filter(
      ({ podSelector, policyTypes }) =>
        matches(podSelector.matchLabels, own.labels) && policyTypes.some((type) => type.toLowerCase() === side),
    )
  if (about.length === 0) return true
  return about.some((spec) =>
    (spec[side] ?? []).some((rule) => {
      const peers = side === 'ingress' ? rule.from : rule.to
      const portFits = rule.ports === undefined || rule.ports.some((one) => `${one.protocol} ${one.port}` === port)
      return portFits && (peers === undefined || peers.some((peer) => isPeer(peer, other, own.namespace)))
    }),
  )
}

function isPeer({ podSelector, namespaceSelector, ipBlock }: Peer, end: End, home: string): boolean {
  if (typeof end === 'string')
    return (
      ipBlock !== undefined && holds(ipBlock.cidr, end) && !(ipBlock.except ?? []).some((range) => holds(range, end))
    )
  if (ipBlock !== undefined) return false
  const labels = { 'kubernetes.io/metadata.name': end.namespace }
  const near = namespaceSelector === undefined ? end.namespace === home : matches(namespaceSelector.matchLabels, labels)
  return near && matches(podSelector?.matchLabels, end.labels)
}

function matches(wanted: Readonly<Record<string, string>> = {}, labels: Readonly<Record<string, string>>): boolean {
  return Object.entries(wanted).every(([key, value]) => labels[key] === value)
}

function holds(cidr: string, address: string): boolean {
  const [base = '', prefix = ''] = cidr.split('/')
  const family = (text: string) => (text.includes(':') ? ('ipv6' as const) : ('ipv4' as const))
  if (family(base) !== family(address)) return false
  const list = new BlockList()
  list.addSubnet(base, Number(prefix), family(base))
  return list.check(address, family(address))
}
