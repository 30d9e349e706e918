import type { Enforcement } from '../../src/config/sections/policies.ts'
import type { Services, StepContext } from '../../src/ports/index.ts'
import { policySettings } from '../gatekeeper/settings.ts'
import { durationMs } from '../names.ts'
import { type Audit, auditOf, specWrittenAt } from './audit.ts'
import { POLICIES, type Policy } from './catalog.ts'
import { leftOut } from './in-force.ts'
import { configuredEnforcement, constraintRef, enforcementOf } from './wanted.ts'

/** An audit may take its time, and the next begins an interval after it. */
const AUDITS_MISSED = 3

/** What is known about a policy in the cluster. */
export interface PolicyState {
  readonly policy: Policy
  /** Why it has no constraint; the rest is absent then. */
  readonly absent?: string | undefined
  readonly enforcement?: Enforcement | undefined
  /** What the configuration says; absent = it leaves that to `policy enforce`. */
  readonly configured?: Enforcement | undefined
  readonly audit?: Audit | undefined
  /** Why the audit does not tell how things are; absent = it does. */
  readonly outdated?: string | undefined
}

type Looking = Services & Pick<StepContext, 'signal'>

/** Each policy with its constraint and what the last audit found; reads only. */
export async function policyStates(ctx: Looking): Promise<readonly PolicyState[]> {
  return await Promise.all(POLICIES.map((policy) => policyState(ctx, policy)))
}

/** One policy as it is now. */
export async function policyState(ctx: Looking, policy: Policy): Promise<PolicyState> {
  const [live, reason] = await Promise.all([ctx.kube.find(constraintRef(policy), ctx.signal), leftOut(ctx, policy)])
  if (reason !== undefined) return { policy, absent: reason }
  if (live === undefined) return { policy, absent: 'it is not deployed' }
  const audit = auditOf(live)
  return {
    policy,
    enforcement: enforcementOf(live),
    configured: configuredEnforcement(ctx.config, policy),
    audit,
    outdated: outdated(ctx, audit, specWrittenAt(live)),
  }
}

/** How long an audit may be ago, in milliseconds. */
export function longestAuditAge({ config }: Pick<Services, 'config'>): number {
  return AUDITS_MISSED * durationMs(policySettings(config).auditInterval)
}

function outdated(ctx: Looking, audit: Audit | undefined, writtenAt: number): string | undefined {
  if (audit === undefined) return 'not audited yet'
  // Both times are the cluster's, in whole seconds.
  if (audit.at <= writtenAt) return 'not audited since its last change'
  const age = ctx.clock.now() - audit.at
  return age > longestAuditAge(ctx) ? `last audited ${Math.round(age / 1000)} s ago` : undefined
}
