import type { EngineClock } from './bounded.ts'
import { awaitSettled, converge, type RunScope, revisit } from './converge.ts'
import type { Decisions, StepDecision } from './decide.ts'
import type { Emit } from './events.ts'
import type { Graph } from './graph.ts'
import { hasOutput, type Looked } from './look.ts'
import { createOutputs, type Outputs } from './outputs.ts'
import { type RunResult, resultOf } from './result.ts'
import { type End, FAILURES, type Gate, type Progress, schedule, type Task } from './schedule.ts'
import type { Need, Observation, Step } from './step.ts'

export interface RunOptions {
  readonly looked: Looked
  /** How many steps may change something at a time; a wait counts for none. */
  readonly concurrency: number
  readonly failFast: boolean
  /** First Ctrl-C: nothing new starts, waits end, changes under way reach their end. */
  readonly signal: AbortSignal
  /** Second Ctrl-C, or a lost lock: everything ends at once. */
  readonly hardSignal?: AbortSignal
  readonly emit: Emit
  readonly clock: EngineClock
  /** Deadline of each `apply`, `ready` and `destroy`. */
  readonly stepTimeoutMs: number
  /** Deadline of each check; `stepTimeoutMs` when absent. */
  readonly checkTimeoutMs?: number
  /** Writes only what was agreed on to the value of each field: for a plan that was kept. */
  readonly exact?: boolean
  /** Called before each write; throws when the lock is no longer ours, which stops the run. */
  readonly assertHeld?: () => void | Promise<void>
}

export interface ExecuteOptions extends RunOptions {
  readonly decisions: Decisions
}

/** Brings every step to what was decided for it. Never rejects for a step's failure; nothing runs when it resolves. */
export async function execute<Ctx>(graph: Graph<Ctx>, ctx: Ctx, options: ExecuteOptions): Promise<RunResult> {
  const { looked, decisions, emit } = options
  for (const [step, { decision, reason }] of decisions) emit({ type: 'step-decided', step, decision, reason })
  const outputs = createOutputs(looked.observations.keys())
  const scope = createScope(ctx, outputs, options)
  const unlooked = graph.order.filter((step) => decisions.get(step.id)?.decision === 'fail').map((step) => step.id)
  const moving = unlooked.length > 0 ? new Set<string>() : movingSteps(graph, decisions)
  const tasks = byPriority(graph).map((step) => taskOf(step, { scope, looked, decisions, unlooked, moving }))
  const results = await schedule(tasks, {
    concurrency: options.concurrency,
    failFast: options.failFast,
    signal: scope.signal,
    now: () => options.clock.now(),
    onEnd: (id, result) => {
      // Who ends without having given an output never will.
      outputs.withhold(id)
      emitEnd(emit, id, result)
    },
  })
  return resultOf(graph, results)
}

/** Steps that are changed or awaited, and those that stand on one of them: what these are like can be told only then. */
function movingSteps<Ctx>(graph: Graph<Ctx>, decisions: Decisions): ReadonlySet<string> {
  const moving = new Set<string>()
  for (const { id, needs } of graph.order) {
    const decision = decisions.get(id)?.decision
    // What is off stands on nothing.
    if (decision === undefined) continue
    if (decision === 'apply' || decision === 'wait' || needs.some((need) => moving.has(need.step.id))) moving.add(id)
  }
  return moving
}

/** What all steps of a run get. */
export function createScope<Ctx>(ctx: Ctx, outputs: Outputs, options: RunOptions): RunScope<Ctx> {
  const hardSignal = options.hardSignal ?? new AbortController().signal
  return {
    ctx,
    outputs,
    emit: options.emit,
    clock: options.clock,
    stepTimeoutMs: options.stepTimeoutMs,
    checkTimeoutMs: options.checkTimeoutMs ?? options.stepTimeoutMs,
    signal: AbortSignal.any([options.signal, hardSignal]),
    hardSignal,
    depth: options.looked.depth,
    exact: options.exact ?? false,
    assertHeld: options.assertHeld ?? (() => undefined),
  }
}

/** Longest chain of dependants first; the sort is stable, so ties stay in topological order. */
function byPriority<Ctx>(graph: Graph<Ctx>): readonly Step<Ctx, unknown>[] {
  return [...graph.order].sort((a, b) => graph.priority(b.id) - graph.priority(a.id))
}

export function emitEnd(emit: Emit, step: string, result: End & { readonly elapsedMs: number }): void {
  const { outcome, elapsedMs, cause, by } = result
  emit({ type: 'step-finished', step, outcome, elapsedMs, ...(cause && { cause }), ...(by && { by }) })
}

interface Agreement<Ctx> {
  readonly scope: RunScope<Ctx>
  readonly looked: Looked
  readonly decisions: Decisions
  /** Steps that could not be looked at: while there is one, nothing is started. */
  readonly unlooked: readonly string[]
  /** Ids of steps that have not ended before anything starts. */
  readonly moving: ReadonlySet<string>
}

function taskOf<Ctx>(step: Step<Ctx, unknown>, agreement: Agreement<Ctx>): Task {
  const { scope, looked, decisions, unlooked, moving } = agreement
  const seen = looked.observations.get(step.id)
  const decision = decisions.get(step.id)
  if (looked.off.has(step.id)) return { id: step.id, end: { outcome: 'off' } }
  if (seen === undefined || decision === undefined) return { id: step.id, end: { outcome: 'left' } }
  if (decision.decision === 'fail') return { id: step.id, end: failUnlooked(seen) }
  if (decision.decision === 'leave' && !moving.has(step.id))
    return { id: step.id, end: leave(step, seen, scope.outputs) }
  if (unlooked.length > 0) return { id: step.id, end: { outcome: 'blocked', by: unlooked } }
  const needs = step.needs.filter((need) => need.edge !== 'after' || decisions.has(need.step.id))
  const gate = (progress: Progress): Gate => gateOf(needs, decision, progress)
  if (decision.decision === 'wait') {
    return { id: step.id, slot: false, gate, run: (submitted) => awaitSettled(step, scope, submitted) }
  }
  const work = decision.decision === 'leave' ? revisit : converge
  return { id: step.id, slot: true, gate, run: (submitted) => work({ step, seen, decision }, scope, submitted) }
}

function failUnlooked(seen: Observation): End {
  return { outcome: 'failed', ...('cause' in seen ? { cause: seen.cause } : {}) }
}

function leave<Ctx>(step: Step<Ctx, unknown>, seen: Observation, outputs: Outputs): End {
  if (hasOutput(seen)) outputs.give(step.id, seen.out)
  return seen.state === 'current' ? { outcome: 'unchanged' } : { outcome: 'left', seen }
}

type NeedState = 'holds' | 'pending' | 'lost'

function gateOf<Ctx>(needs: readonly Need<Ctx>[], decision: StepDecision, progress: Progress): Gate {
  const states = needs.map((need) => ({ id: need.step.id, state: needState(need, decision, progress) }))
  const lost = states.filter(({ state }) => state === 'lost').map(({ id }) => id)
  if (lost.length > 0) return { blockedBy: [...new Set(lost)] }
  return states.some(({ state }) => state === 'pending') ? 'shut' : 'open'
}

function needState<Ctx>({ edge, step }: Need<Ctx>, { decision }: StepDecision, progress: Progress): NeedState {
  const end = progress.end(step.id)
  if (end === undefined) return edge === 'applied' && progress.submitted(step.id) ? 'holds' : 'pending'
  if (FAILURES.has(end.outcome)) return 'lost'
  // A step that writes nothing: what was left alone is no reason to block it.
  if (end.outcome !== 'left' || decision !== 'apply' || edge === 'after') return 'holds'
  return leftHolds(edge, end.seen) ? 'holds' : 'lost'
}

/** A step left alone is submitted when it exists, and ready when its check gave what dependants use. */
function leftHolds(edge: Need<never>['edge'], seen: Observation | undefined): boolean {
  if (seen === undefined) return false
  if (edge === 'ready') return seen.state !== 'settling' && hasOutput(seen)
  return seen.state === 'settling' || seen.state === 'drifted' || seen.state === 'broken'
}
