import type { KubeObject, Services, StepContext } from '../../src/ports/index.ts'

type Context = Services & Pick<StepContext, 'signal'>

/** Whether anything in the cluster acts upon NetworkPolicies. */
export interface Enforcement {
  readonly enforced: boolean
  /** What was found, or looked for in vain. */
  readonly evidence: string
  readonly fix?: string
}

/** DaemonSets whose agents enforce NetworkPolicies wherever they run. Source: the installation guides of these plug-ins. */
const ENGINES = ['calico-node', 'cilium', 'antrea-agent', 'kube-router', 'weave-net']
/** The VPC CNI's. Its second container enforces, when told to. Source: aws-vpc-cni chart, DaemonSet. */
const VPC_CNI = 'aws-node'
const AGENT_FLAG = '--enable-network-policy=true'
/** Also on EKS Auto Mode, which has no such DaemonSet. Source: EKS user guide, "Use network policies with EKS Auto Mode". */
const AUTO_MODE = { apiVersion: 'v1', kind: 'ConfigMap', namespace: 'kube-system', name: 'amazon-vpc-cni' } as const
const AUTO_MODE_KEY = 'enable-network-policy-controller'

/** Looks for a policy engine. */
export async function enforcement(ctx: Context): Promise<Enforcement> {
  if (ctx.target.sandbox)
    return { enforced: false, evidence: 'pods are simulated: the sandbox enforces no NetworkPolicy' }
  const sets = await ctx.kube.list({ apiVersion: 'apps/v1', kind: 'DaemonSet' }, ctx.signal)
  const engine = sets.find(({ metadata }) => ENGINES.includes(metadata.name))
  if (engine) return { enforced: true, evidence: `DaemonSet ${engine.metadata.namespace}/${engine.metadata.name}` }
  const cni = sets.find(({ metadata }) => metadata.name === VPC_CNI && metadata.namespace === 'kube-system')
  return cni === undefined ? await withoutDaemonSet(ctx) : vpcCni(ctx, cni)
}

function vpcCni({ target }: Context, object: KubeObject): Enforcement {
  if (argumentsOf(object).includes(AGENT_FLAG))
    return { enforced: true, evidence: `DaemonSet kube-system/${VPC_CNI}, ${AGENT_FLAG}` }
  return {
    enforced: false,
    evidence: `DaemonSet kube-system/${VPC_CNI} runs without ${AGENT_FLAG}`,
    fix: `aws eks update-addon --cluster-name ${target.clusterName} --region ${target.region} --addon-name vpc-cni --resolve-conflicts PRESERVE --configuration-values '{"enableNetworkPolicy":"true"}'`,
  }
}

async function withoutDaemonSet(ctx: Context): Promise<Enforcement> {
  const settings = await ctx.kube.find(AUTO_MODE, ctx.signal)
  const { [AUTO_MODE_KEY]: enabled } = (settings?.data ?? {}) as Readonly<Record<string, string>>
  if (enabled === 'true')
    return { enforced: true, evidence: `ConfigMap kube-system/${AUTO_MODE.name}, ${AUTO_MODE_KEY}: true` }
  return {
    enforced: false,
    evidence: `no DaemonSet ${[VPC_CNI, ...ENGINES].join(', ')}, and no ConfigMap kube-system/${AUTO_MODE.name} with ${AUTO_MODE_KEY}: true`,
    fix: 'have a network plug-in that enforces NetworkPolicies, e.g. the VPC CNI with enableNetworkPolicy',
  }
}

interface WorkloadSpec {
  readonly template?: { readonly spec?: { readonly containers?: readonly { readonly args?: readonly string[] }[] } }
}

function argumentsOf({ spec }: KubeObject): readonly string[] {
  return ((spec ?? {}) as WorkloadSpec).template?.spec?.containers?.flatMap(({ args = [] }) => args) ?? []
}
