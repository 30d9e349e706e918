import { enforcement } from '../network-policies/enforcement.ts'
import { offReason } from '../network-policies/off.ts'
import type { DoctorCheck } from './finding.ts'

const RESOLVER = { apiVersion: 'v1', kind: 'Pod', namespace: 'kube-system', labelSelector: 'k8s-app=kube-dns' } as const

/** Something acts upon NetworkPolicies, and names can still be resolved under them. */
export const policyEngine: DoctorCheck = {
  id: 'network-policies',
  title: 'Enforcement of NetworkPolicies',
  asks: 'cluster',
  async run(ctx) {
    const off = offReason(ctx)
    if (off !== undefined) return { result: 'skip', evidence: off }
    const { enforced, evidence, fix } = await enforcement(ctx)
    if (ctx.target.sandbox) return { result: 'skip', evidence }
    if (!enforced)
      return { result: 'warn', evidence: `NetworkPolicies are not enforced here: ${evidence}`, ...(fix && { fix }) }
    const resolvers = await ctx.kube.list(RESOLVER, ctx.signal)
    if (resolvers.length > 0 || ctx.config.networkPolicies.egress.dnsCidrs.length > 0)
      return { result: 'pass', evidence }
    return {
      result: 'warn',
      evidence: `${evidence}; no pod ${RESOLVER.labelSelector} in kube-system: pods could resolve no name`,
      fix: 'name the resolvers in networkPolicies.egress.dnsCidrs, e.g. the address of the Service kube-dns with /32',
    }
  },
}
