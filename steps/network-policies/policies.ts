import { contains, METADATA_RANGES } from '../../src/config/cidr.ts'
import type { Config } from '../../src/config/schema.ts'
import type { KubeObject, Services } from '../../src/ports/index.ts'
import { namespaceNames } from '../names.ts'
import { ownLabels } from '../ownership.ts'
import { flows, parties } from './flows.ts'
import type { Flow, Outside, Party } from './table.ts'

export const NETWORK_POLICY = { apiVersion: 'networking.k8s.io/v1', kind: 'NetworkPolicy' } as const
/** Selects every pod of a namespace and allows nothing. */
export const DENY_ALL = 'llmgw-default-deny'

type Tree = Readonly<Record<string, unknown>>

/** One rule: peers in `from` or `to`, and ports. */
export type Rule = Tree

export interface PolicySpec {
  readonly podSelector: Tree
  readonly policyTypes: readonly string[]
  readonly ingress?: readonly Rule[]
  readonly egress?: readonly Rule[]
}

/** A NetworkPolicy as it has to be. */
export interface Policy extends KubeObject {
  readonly spec: PolicySpec
}

/** One policy for each party: what it may be asked by, and whom it may ask. */
export function openings(ctx: Pick<Services, 'config'>): readonly Policy[] {
  const all = flows(ctx.config)
  return parties(ctx.config).map((party) => {
    const ingress = all.flatMap((flow) => (flow.to === party ? rule(ctx.config, flow, 'from') : []))
    const egress = all.flatMap((flow) => (flow.from === party ? rule(ctx.config, flow, 'to') : []))
    return policy(ctx, {
      namespace: ctx.config.namespaces[party.namespace],
      name: `llmgw-${party.id}`,
      spec: {
        podSelector: { matchLabels: party.pods },
        ...types,
        ...listed('ingress', ingress),
        ...listed('egress', egress),
      },
    })
  })
}

/** One policy for each namespace: nothing but what others allow. */
export function denials(ctx: Pick<Services, 'config'>): readonly Policy[] {
  return namespaceNames(ctx.config).map((namespace) =>
    policy(ctx, { namespace, name: DENY_ALL, spec: { podSelector: {}, ...types } }),
  )
}

const types = { policyTypes: ['Ingress', 'Egress'] }

/** The API server gives an empty list back as none. */
function listed(name: 'ingress' | 'egress', rules: readonly Rule[]): Partial<PolicySpec> {
  return rules.length === 0 ? {} : { [name]: rules }
}

function policy(
  ctx: Pick<Services, 'config'>,
  { namespace, name, spec }: { readonly namespace: string; readonly name: string; readonly spec: PolicySpec },
): Policy {
  return { ...NETWORK_POLICY, metadata: { name, namespace, labels: ownLabels(ctx) }, spec }
}

/** The rule for the other end of a flow; none where nobody is there: an empty list of peers would mean everybody. */
function rule(config: Config, flow: Flow, side: 'from' | 'to'): readonly Rule[] {
  const peers = peersOf(config, flow[side])
  if (peers.length === 0) return []
  return [{ [side]: peers, ...(flow.ports.length === 0 ? {} : { ports: flow.ports }) }]
}

function peersOf(config: Config, end: Party | Outside): readonly Tree[] {
  if (typeof end !== 'string')
    return [{ ...inNamespace(config.namespaces[end.namespace]), podSelector: { matchLabels: end.pods } }]
  const { internalCidrs, egress, ingress } = config.networkPolicies
  switch (end) {
    case 'cluster-dns':
      return [
        { ...inNamespace('kube-system'), podSelector: { matchLabels: { 'k8s-app': 'kube-dns' } } },
        ...blocks(egress.dnsCidrs),
      ]
    case 'api-server':
    case 'nodes':
      return blocks(internalCidrs)
    case 'internet':
      return blocks(egress.cidrs)
    case 'database':
      return blocks(egress.databaseCidrs ?? internalCidrs)
    case 'gateway-clients':
      return clients(ingress.gateway)
    case 'ui-clients':
      return clients(ingress.ui)
    default:
      return [inNamespace(end.slice('namespace '.length))]
  }
}

function clients({ namespaces, cidrs }: Config['networkPolicies']['ingress']['ui']): readonly Tree[] {
  return [...namespaces.map(inNamespace), ...blocks(cidrs)]
}

/** Kubernetes puts this label on every namespace. Source: Kubernetes documentation, Network Policies. */
function inNamespace(name: string): Tree {
  return { namespaceSelector: { matchLabels: { 'kubernetes.io/metadata.name': name } } }
}

/** Ranges without the addresses that would hand out the role of the node. */
function blocks(cidrs: readonly string[]): readonly Tree[] {
  return cidrs.map((cidr) => {
    const except = METADATA_RANGES.filter((range) => contains(cidr, range))
    return { ipBlock: { cidr, ...(except.length === 0 ? {} : { except }) } }
  })
}
