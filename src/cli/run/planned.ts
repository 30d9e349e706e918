import { configurationDigest } from '../../config/digest.ts'
import { beyondAgreed } from '../../engine/agreement.ts'
import { type Decisions, decide, type StepDecision } from '../../engine/decide.ts'
import type { Looked } from '../../engine/look.ts'
import type { Selection } from '../../engine/selection.ts'
import type { Change, Observation } from '../../engine/step.ts'
import { PreflightError } from '../../errors.ts'
import type { Services } from '../../ports/index.ts'
import type { PlanDocument } from '../../ui/plan-schema.ts'
import { VERSION } from '../version.ts'
import type { Session } from './session.ts'

/** What a plan that was kept comes to here and now. */
export interface Planned {
  /** What was agreed on where something is changed, what is there now elsewhere. */
  readonly looked: Looked
  readonly decisions: Decisions
}

/** @throws PreflightError PlanElsewhere for another place, StalePlan for another configuration or program */
export function refuseOther(session: Session, plan: PlanDocument): void {
  const { target, config } = session.ctx
  const places = [
    ['account', plan.target.accountId, target.accountId],
    ['region', plan.target.region, target.region],
    ['cluster', plan.target.clusterArn, target.clusterArn],
    ['deployment', plan.deployment, config.deployment],
  ] as const
  const elsewhere = places.filter(([, planned, here]) => planned !== here)
  if (elsewhere.length > 0) {
    const words = elsewhere.map(([what, planned, here]) => `${what} ${planned}, this is ${here}`)
    throw new PreflightError('PlanElsewhere', `the plan was made for ${words.join('; ')}`, {
      hint: 'use the configuration and credentials it was made with, or plan here: llmgw plan -o FILE',
    })
  }
  if (plan.configuration !== configurationDigest(config)) throw stale('the configuration has changed since')
  if (plan.program !== VERSION) throw stale(`it was made by llmgw ${plan.program}, this is ${VERSION}`)
}

function stale(why: string, evidence: readonly string[] = []): PreflightError {
  return new PreflightError('StalePlan', `the plan no longer holds, so nothing was started: ${why}`, {
    cause: evidence.length === 0 ? undefined : evidence.join('\n'),
    hint: 'look at what has changed, and plan again: llmgw plan -o FILE',
  })
}

/**
 * Decisions of a plan that was kept, next to what is there now: it changes what it says, and nothing else.
 * @throws PreflightError StalePlan when what it would change has become something else
 */
export function resolvePlanned({ graph }: Selection<Services>, fresh: Looked, plan: PlanDocument): Planned {
  const steps = new Map(plan.components.flatMap((component) => component.steps.map((step) => [step.id, step])))
  const planned = new Map(
    [...steps].flatMap(([id, step]): [string, Observation][] =>
      fresh.observations.has(id) ? [[id, observationOf(step)]] : [],
    ),
  )
  const agreed = { ...fresh, observations: new Map([...fresh.observations, ...planned]) }
  const decided = decide(graph, agreed, { onExisting: 'update', selected: new Set(planned.keys()) })
  refuseStale(decided, agreed, fresh)
  const decisions = new Map<string, StepDecision>()
  const observations = new Map<string, Observation>()
  for (const [id, decision] of decided) {
    const now = fresh.observations.get(id)
    const seen = decision.decision === 'apply' ? agreed.observations.get(id) : now
    if (seen !== undefined) observations.set(id, seen)
    const left = decision.decision === 'leave' && planned.has(id) && now?.state !== 'current'
    decisions.set(id, left ? { decision: 'leave', reason: 'not in the plan' } : decision)
  }
  return { looked: { ...fresh, observations }, decisions }
}

type PlannedStep = PlanDocument['components'][number]['steps'][number]

/** Outputs are not kept: what is left alone is looked at anew. */
function observationOf({ state, changes = [], cause, on = [] }: PlannedStep): Observation {
  switch (state) {
    case 'waiting':
      return { state, on }
    case 'broken':
      return { state, changes, cause: cause ?? { code: 'UnexpectedError', message: 'no cause was kept' } }
    case 'missing':
    case 'drifted':
      return { state, changes }
    default:
      return { state: 'current', out: undefined }
  }
}

function refuseStale(decisions: Decisions, agreed: Looked, fresh: Looked): void {
  const evidence = [...decisions].flatMap(([id, { decision }]) => {
    const [planned, now] = [agreed.observations.get(id), fresh.observations.get(id)]
    if (decision !== 'apply' || planned === undefined || planned.state === 'waiting') return []
    if (now === undefined || !('changes' in now)) return []
    return beyondAgreed(planned, now.changes, true).map((change) => `${id}: ${words(change)}`)
  })
  if (evidence.length > 0) throw stale('what it would change has changed since', evidence)
}

function words({ action, target, fields = [] }: Change): string {
  const paths = fields.map(({ path }) => path).slice(0, 5)
  return `not as planned: ${action} ${target}${paths.length === 0 ? '' : ` (${paths.join(', ')})`}`
}
