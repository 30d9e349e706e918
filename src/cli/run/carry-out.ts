import type { Diagnosis } from '../../../steps/diagnose/index.ts'
import { isHowLeft } from '../../../steps/diagnose/release.ts'
import type { FoundOrphan } from '../../../steps/orphans.ts'
import { causeOf } from '../../engine/cause.ts'
import type { Decisions } from '../../engine/decide.ts'
import type { Looked } from '../../engine/look.ts'
import type { RunResult } from '../../engine/result.ts'
import { execute, type RunOptions } from '../../engine/run.ts'
import type { Selection } from '../../engine/selection.ts'
import type { Cause } from '../../engine/step.ts'
import type { Services } from '../../ports/index.ts'
import type { ChangeFlags } from '../flags.ts'
import { type CheckResult, checksOf, runChecks } from './checks.ts'
import { writes } from './confirm-changes.ts'
import { diagnoseSteps } from './diagnose.ts'
import { milliseconds } from './duration.ts'
import { finish } from './finish.ts'
import { prune } from './orphans.ts'
import type { Session } from './session.ts'
import { underLock } from './under-lock.ts'

/** What was agreed. */
export interface Agreed {
  readonly flags: ChangeFlags
  readonly selection: Selection<Services>
  readonly looked: Looked
  readonly decisions: Decisions
  /** Orphans to be removed once everything else went well. */
  readonly pruned: readonly FoundOrphan[]
  /** A plan that was kept: nothing but what it says is written. */
  readonly exact?: boolean
}

/** Does what was agreed, under the lock where something is written; verifies and reports. @returns exit code */
export async function carryOut(session: Session, agreed: Agreed): Promise<number> {
  const result =
    writes(agreed.decisions) || agreed.pruned.length > 0
      ? await underLock(session, (held) => converge(session, agreed, held))
      : await converge(session, agreed, {})
  const checks = result.ok ? await verifyDeployed(session, result) : []
  const diagnoses = result.ok ? [] : await whyFailed(session, agreed, result)
  for (const { step, causes } of diagnoses) session.stage.emit({ type: 'step-diagnosed', step, causes })
  return finish(session, { result, checks, diagnoses })
}

/** Looked for at once, while everything is as the failure left it. What a step itself has said already is not repeated. */
async function whyFailed(
  session: Session,
  { selection: { graph } }: Agreed,
  { steps }: RunResult,
): Promise<readonly Diagnosis[]> {
  const failed = new Map(steps.flatMap(({ id, outcome, cause }) => (outcome === 'failed' ? [[id, cause]] : [])))
  if (failed.size === 0 || session.stop.signal.aborted) return []
  try {
    const looked = await session.lookQuietly(graph, { diff: false })
    const found = await diagnoseSteps(session, { graph, looked }, (id) => failed.has(id))
    return found.filter(({ step, causes }) => isNews(rootOf(causes), failed.get(step)))
  } catch (error) {
    const message = `could not look for what lies beneath: ${causeOf(error).message}`
    session.stage.emit({ type: 'note', level: 'warning', message })
    return []
  }
}

const rootOf = (causes: Diagnosis['causes']): Cause => causes.at(-1) ?? causes[0]

/** Neither what the step has said, nor that its release has failed. */
function isNews(root: Cause, said: Cause | undefined): boolean {
  return root.message !== said?.message && !isHowLeft(root)
}

type Held = Parameters<Parameters<typeof underLock>[1]>[0]

async function converge(session: Session, agreed: Agreed, held: Held): Promise<RunResult> {
  const { selection, looked, decisions, pruned, exact = false } = agreed
  const options = runOptions(session, agreed.flags, held)
  const result = await execute(selection.graph, session.ctx, { ...options, looked, decisions, exact })
  if (!result.ok || pruned.length === 0) return result
  return both(result, await prune(session, pruned, options))
}

/** Two runs as one. */
export function both(first: RunResult, second: RunResult): RunResult {
  const steps = [...first.steps, ...second.steps]
  const outcomes = [...new Set(steps.map(({ outcome }) => outcome))]
  const counts = Object.fromEntries(
    outcomes.map((outcome) => [outcome, steps.filter((step) => step.outcome === outcome).length]),
  )
  return { ok: first.ok && second.ok, steps, counts }
}

/** For a wait that ran out to say what it waited for, with logs and cause. */
const LAST_WORDS_MS = 20_000

/** What every run of a session gets. */
export function runOptions(session: Session, flags: ChangeFlags, held: Held): Omit<RunOptions, 'looked'> {
  const { ctx, world, stage, stop } = session
  return {
    concurrency: flags.concurrency,
    failFast: flags.failFast,
    signal: stop.signal,
    hardSignal: held.lost === undefined ? stop.hardSignal : AbortSignal.any([stop.hardSignal, held.lost]),
    emit: stage.emit,
    clock: world.clock,
    // Going back takes as long as going on. A wait that ends by itself says what it waited for: it comes first.
    stepTimeoutMs: milliseconds(ctx.config.timeouts.step) * (ctx.options.rollbackOnFailure ? 3 : 1) + LAST_WORDS_MS,
    ...(held.assertHeld === undefined ? {} : { assertHeld: held.assertHeld }),
  }
}

const HOLDS: ReadonlySet<string> = new Set(['done', 'unchanged', 'off'])

/** Components all of whose steps were brought, or found, as wanted: what was left alone on purpose is not judged. */
async function verifyDeployed(session: Session, result: RunResult): Promise<readonly CheckResult[]> {
  const holding = new Set(result.steps.filter(({ outcome }) => HOLDS.has(outcome)).map(({ id }) => id))
  const lacking = new Set(session.graph.order.filter(({ id }) => !holding.has(id)).map(({ component }) => component))
  const deployed = result.steps.map(({ component }) => component).filter((component) => !lacking.has(component))
  // A deploy spends nobody's money: what calls models is verify's, and only when asked.
  const free = checksOf(session, new Set(deployed)).filter(({ probes }) => probes === undefined)
  return await runChecks(session, free)
}
