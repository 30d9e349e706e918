import type { PolicyName } from '../../src/config/sections/policies.ts'
import { PreflightError, StepError, UsageError } from '../../src/errors.ts'
import type { Services, StepContext } from '../../src/ports/index.ts'
import { refOf } from '../desired.ts'
import { policySettings } from '../gatekeeper/settings.ts'
import { askWebhook } from '../gatekeeper/webhook-probe.ts'
import { durationMs } from '../names.ts'
import type { Violation } from './audit.ts'
import { longestAuditAge, type PolicyState, policyState } from './audit-state.ts'
import type { Policy } from './catalog.ts'
import { constraintRef, wantedConstraint } from './wanted.ts'

type Looking = Services & Pick<StepContext, 'signal' | 'report'>

/** More than these in a message hide the point; the rest is in `policy status --output json`. */
const SHOWN = 10

/** `StatefulSet litellm/redis: no probes: sentinel`. */
export function violationWords({ kind, namespace, name, message }: Violation): string {
  return `${kind} ${namespace ? `${namespace}/` : ''}${name}: ${message}`
}

/**
 * Policies whose violations the configuration says to let pass: the next deploy would undo what is done here.
 * @throws UsageError EnforcementConfigured
 */
export function refuseConfigured(ctx: Pick<Services, 'config'>, policies: readonly Policy[]): void {
  const { enforcement, overrides } = policySettings(ctx.config)
  const loosened = policies.filter(({ name }) => !['deny', undefined].includes(overrides[name] ?? enforcement))
  const [first] = loosened
  if (first === undefined) return
  const key = overrides[first.name] === undefined ? 'enforcement' : `overrides.${first.name}`
  const value = overrides[first.name] ?? enforcement
  throw new UsageError(
    'EnforcementConfigured',
    `policies.${key} is ${value} in the configuration: the next deploy would undo a denial`,
    { hint: `set policies.${key} to deny (or take the line out), then run this again` },
  )
}

/**
 * Waits until the audit has looked at every policy since its last change.
 * @throws PreflightError AuditMissing when it does not in time
 */
export async function untilAudited(ctx: Looking, policies: readonly Policy[]): Promise<readonly PolicyState[]> {
  return await Promise.all(policies.map((policy) => audited(ctx, policy)))
}

async function audited(ctx: Looking, policy: Policy): Promise<PolicyState> {
  const limit = longestAuditAge(ctx)
  const signal = AbortSignal.any([ctx.signal, AbortSignal.timeout(limit)])
  const { name, ...kind } = constraintRef(policy)
  let state = await policyState(ctx, policy)
  if (state.outdated === undefined) return state
  ctx.report(`${policy.name}: ${state.outdated}; waiting for the audit`)
  for await (const _seen of ctx.kube.watch({ ...kind, fieldSelector: `metadata.name=${name}` }, signal)) {
    state = await policyState(ctx, policy)
    if (state.outdated === undefined) return state
  }
  ctx.signal.throwIfAborted()
  throw new PreflightError('AuditMissing', `${policy.name}: ${state.outdated}, in ${limit / 1000} s`, {
    hint: `look at the audit: llmgw status gatekeeper; kubectl logs -n ${ctx.config.namespaces.policy} deploy/gatekeeper-audit`,
  })
}

/** @throws StepError PolicyViolations that names what a denial would meet */
export function refuseViolations(states: readonly PolicyState[]): void {
  const broken = states.filter(({ audit }) => (audit?.total ?? 0) > 0)
  if (broken.length === 0) return
  const total = broken.reduce((sum, { audit }) => sum + (audit?.total ?? 0), 0)
  const clean = states.filter((state) => !broken.includes(state)).map(({ policy }) => policy.name)
  const only = clean.length === 0 ? '' : `; or enforce the others: llmgw policy enforce --only ${clean.join(',')}`
  throw new StepError(
    'PolicyViolations',
    `${total} ${total === 1 ? 'violation' : 'violations'} of ${broken.map(({ policy }) => policy.name).join(', ')}: nothing was enforced`,
    {
      cause: broken.flatMap(violationsOf).join('\n'),
      hint: `mend these, or exempt them with a reason (policies.exemptions), then: llmgw deploy policies${only}`,
    },
  )
}

function violationsOf({ policy, audit }: PolicyState): readonly string[] {
  const { total = 0, violations = [] } = audit ?? {}
  const shown = violations.slice(0, SHOWN).map((violation) => `${policy.name}: ${violationWords(violation)}`)
  return total > shown.length ? [...shown, `${policy.name}: and ${total - shown.length} more`] : shown
}

/** Makes these policies deny; what else the configuration says of them is brought about, too. */
export async function enforce(ctx: Looking, policies: readonly Policy[]): Promise<void> {
  await askWebhook(ctx.kube, ctx.signal)
  const objects = await Promise.all(
    policies.map(async (policy) => {
      const live = await ctx.kube.find(constraintRef(policy), ctx.signal)
      const wanted = await wantedConstraint(ctx, policy, live)
      return { ...wanted, spec: { ...(wanted.spec as object), enforcementAction: 'deny' } }
    }),
  )
  for (const object of objects) await ctx.kube.apply(object, { force: true, signal: ctx.signal })
  const timeoutMs = durationMs(ctx.config.timeouts.step)
  const { signal, report } = ctx
  await ctx.readiness.wait(objects.map(refOf), { timeoutMs, signal, report })
}

/** The lines for llmgw.yaml that say the same, so that another cluster gets it, too. */
export function configurationLines(names: readonly PolicyName[], all: boolean): string {
  if (all) return 'policies:\n  enforcement: deny'
  return ['policies:', '  overrides:', ...names.map((name) => `    ${name}: deny`)].join('\n')
}
