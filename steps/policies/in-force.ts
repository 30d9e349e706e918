import type { Config } from '../../src/config/schema.ts'
import type { Services, StepContext } from '../../src/ports/index.ts'
import { policySettings } from '../gatekeeper/settings.ts'
import { POLICIES, type Policy } from './catalog.ts'

/** Why a policy has no constraint here; undefined where it has one. */
export async function leftOut(
  ctx: Services & Pick<StepContext, 'signal'>,
  policy: Policy,
): Promise<string | undefined> {
  if (isOff(ctx.config, policy)) return `policies.overrides.${policy.name} is off`
  if (policy.about === undefined) return undefined
  const crd = { apiVersion: 'apiextensions.k8s.io/v1', kind: 'CustomResourceDefinition', name: policy.about }
  return (await ctx.kube.find(crd, ctx.signal)) === undefined ? `the cluster has no CRD ${policy.about}` : undefined
}

const isOff = (config: Config, { name }: Policy): boolean => policySettings(config).overrides[name] === 'off'

/** The policies that have a constraint here. */
export async function inForce(ctx: Services & Pick<StepContext, 'signal'>): Promise<readonly Policy[]> {
  const reasons = await Promise.all(POLICIES.map((policy) => leftOut(ctx, policy)))
  return POLICIES.filter((_policy, index) => reasons[index] === undefined)
}
