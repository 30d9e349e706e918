import { StepError } from '../../src/errors.ts'
import { targetOf } from '../desired.ts'
import { policiesOff } from '../gatekeeper/settings.ts'
import { askWebhook } from '../gatekeeper/webhook-probe.ts'
import { auditOf, specWrittenAt } from '../policies/audit.ts'
import { longestAuditAge } from '../policies/audit-state.ts'
import type { Policy } from '../policies/catalog.ts'
import { inForce } from '../policies/in-force.ts'
import { configuredEnforcement, constraintRef, enforcementOf } from '../policies/wanted.ts'
import { type Check, type CheckContext, type CheckResult, verdict } from './check.ts'

function policyCheck(check: Pick<Check, 'id' | 'component' | 'title' | 'run'>): Check {
  return {
    ...check,
    run: async (ctx) =>
      policiesOff(ctx.config) === undefined
        ? await check.run(ctx)
        : { result: 'skip', lookedAt: 'the configuration', found: 'not configured' },
  }
}

/** The API server asks Gatekeeper, and is told no where it must be. */
const webhookAnswers = policyCheck({
  id: 'gatekeeper-webhook',
  component: 'gatekeeper',
  title: 'Gatekeeper refuses what it must, when the API server asks',
  async run(ctx) {
    const lookedAt = 'a namespace that must be refused, in a dry run'
    const hint = 'llmgw status gatekeeper'
    try {
      return { result: 'pass', lookedAt, found: await askWebhook(ctx.kube, ctx.signal) }
    } catch (error) {
      if (!(error instanceof StepError && error.code === 'WebhookUnavailable')) throw error
      return { result: 'fail', lookedAt, found: error.message, hint }
    }
  },
})

/** Every policy has its constraint, with the enforcement that the configuration says. */
const constraintsHold = policyCheck({
  id: 'policy-constraints',
  component: 'policies',
  title: 'Every policy is in force as configured',
  run: (ctx) =>
    judged(ctx, (policy, constraint) => {
      const actual = enforcementOf(constraint)
      const wanted = configuredEnforcement(ctx.config, policy)
      return wanted === undefined || actual === wanted ? [] : [`${policy.name} is ${actual}, expected ${wanted}`]
    }),
})

/** The audit looks at what is there, again and again. A policy that is younger than that may still wait for its first one. */
const auditRuns = policyCheck({
  id: 'policy-audit',
  component: 'policies',
  title: 'The audit has looked at every policy of late',
  async run(ctx) {
    const young: string[] = []
    const result = await judged(ctx, (policy, constraint) => {
      const audit = constraint && auditOf(constraint)
      if (audit !== undefined) {
        const age = ctx.clock.now() - audit.at
        return age <= longestAuditAge(ctx) ? [] : [`${policy.name} was last audited ${seconds(age)} ago`]
      }
      const since = ctx.clock.now() - (constraint ? specWrittenAt(constraint) : 0)
      if (since > longestAuditAge(ctx)) return [`${policy.name} was not audited yet`]
      young.push(`${policy.name} was written ${seconds(since)} ago`)
      return []
    })
    if (result.result === 'fail' || young.length === 0) return result
    const found = `not audited yet, and too new to have to be: ${young.join(', ')}`
    return { ...result, result: 'skip', found, hint: 'llmgw policy status' }
  },
})

const seconds = (ms: number) => `${Math.max(0, Math.round(ms / 1000))} s`

async function judged(
  ctx: CheckContext,
  judge: (policy: Policy, constraint: Awaited<ReturnType<CheckContext['kube']['find']>>) => readonly string[],
): Promise<CheckResult> {
  const policies = await inForce(ctx)
  const live = await Promise.all(policies.map((policy) => ctx.kube.find(constraintRef(policy), ctx.signal)))
  const wrong = policies.flatMap((policy, index) => {
    const found = live[index]
    return found === undefined ? [`${targetOf(constraintRef(policy))} is not there`] : judge(policy, found)
  })
  const lookedAt = policies.map((policy) => targetOf(constraintRef(policy))).join(', ')
  const told = live.map((found, index) => `${policies[index]?.name} ${enforcementOf(found)}`).join(', ')
  return verdict(lookedAt, wrong, { good: told, hint: 'llmgw policy status' })
}

export const policyChecks: readonly Check[] = [constraintsHold, auditRuns]
export const webhookChecks: readonly Check[] = [webhookAnswers]
