import { admit, notConverged } from './agreement.ts'
import { bounded, CancelledError, type EngineClock } from './bounded.ts'
import { causeOf } from './cause.ts'
import type { StepDecision } from './decide.ts'
import type { Emit } from './events.ts'
import { hasOutput, observe } from './look.ts'
import type { Outputs } from './outputs.ts'
import { withRuntime } from './runtime.ts'
import type { End } from './schedule.ts'
import type { Observation, Step, StepRuntime } from './step.ts'

/** What every step of a run shares. */
export interface RunScope<Ctx> {
  readonly ctx: Ctx
  readonly outputs: Outputs
  readonly emit: Emit
  readonly clock: EngineClock
  /** Deadline of each `apply`, `ready` and `destroy`. */
  readonly stepTimeoutMs: number
  readonly checkTimeoutMs: number
  /** Cancels looking and waiting; a change under way reaches its end. Also aborts with `hardSignal`. */
  readonly signal: AbortSignal
  /** Cancels everything. */
  readonly hardSignal: AbortSignal
  readonly depth: StepRuntime['look']
  /** Changes must be the agreed ones to the value of each field. */
  readonly exact: boolean
  /** Throws when the lock is no longer ours. */
  readonly assertHeld: () => void | Promise<void>
}

/** A step with what was agreed for it. */
export interface Agreed<Ctx> {
  readonly step: Step<Ctx, unknown>
  readonly seen: Observation
  readonly decision: StepDecision
}

/** Looks again, changes what was agreed, waits until it is usable, and looks whether it is as wanted. Never rejects. */
export async function converge<Ctx>(agreed: Agreed<Ctx>, scope: RunScope<Ctx>, submitted: () => void): Promise<End> {
  const { step } = agreed
  try {
    scope.emit({ type: 'step-started', step: step.id, phase: 'apply' })
    const seen = await checkAgain(step, scope, scope.depth)
    const admitted = admit(agreed.seen, seen, { covers: agreed.decision.covers, exact: scope.exact })
    if (admitted !== 'apply' && admitted !== 'await') return leave(step, seen, admitted, scope)
    if (admitted === 'apply') {
      const lost = await lockLost(scope)
      if (lost !== undefined) return lost
      await applyOnce(step, seen, scope)
    }
    scope.emit({ type: 'step-applied', step: step.id })
    submitted()
    return scope.signal.aborted ? { outcome: 'cancelled' } : await settle(step, scope, 'done')
  } catch (error) {
    return endOf(error)
  }
}

/** Waits for a step that is still rolling out. Never rejects. */
export async function awaitSettled<Ctx>(
  step: Step<Ctx, unknown>,
  scope: RunScope<Ctx>,
  submitted: () => void,
): Promise<End> {
  try {
    submitted()
    return await settle(step, scope, 'unchanged')
  } catch (error) {
    return endOf(error)
  }
}

/**
 * Looks again at a step that was to be left alone, because something it needs was changed since. What it has become is
 * treated as what was agreed covers. Never rejects.
 */
export async function revisit<Ctx>(agreed: Agreed<Ctx>, scope: RunScope<Ctx>, submitted: () => void): Promise<End> {
  const { step, decision } = agreed
  try {
    const seen = await checkAgain(step, scope, { ...scope.depth, diff: false })
    if (seen.state === 'settling' && agreed.seen.state === 'current') return await awaitSettled(step, scope, submitted)
    if (decision.covers?.includes(seen.state)) {
      // Of a plan that is kept to the letter nothing covers what it does not name.
      const known: Observation = scope.exact ? agreed.seen : { state: 'waiting', on: [] }
      return await converge({ step, seen: known, decision }, scope, submitted)
    }
    if (seen.state === 'unknown') return { outcome: 'failed', cause: seen.cause }
    if (hasOutput(seen)) scope.outputs.give(step.id, seen.out)
    return seen.state === 'current' ? { outcome: 'unchanged' } : { outcome: 'left', seen }
  } catch (error) {
    return endOf(error)
  }
}

/** The end of a call that threw. */
export function endOf(error: unknown): End {
  return error instanceof CancelledError ? { outcome: 'cancelled' } : { outcome: 'failed', cause: causeOf(error) }
}

/** Nothing is written; what is there may still be of use to others. */
function leave<Ctx>(step: Step<Ctx, unknown>, seen: Observation, end: End, scope: RunScope<Ctx>): End {
  const holds = end.outcome === 'unchanged' || end.outcome === 'left'
  if (holds && hasOutput(seen)) scope.outputs.give(step.id, seen.out)
  return end
}

/** The end of a step that may not write any more, or undefined while the lock is ours. */
export async function lockLost<Ctx>(scope: RunScope<Ctx>): Promise<End | undefined> {
  try {
    await scope.assertHeld()
    return undefined
  } catch (error) {
    return { outcome: 'failed', cause: causeOf(error), fatal: true }
  }
}

async function applyOnce<Ctx>(step: Step<Ctx, unknown>, seen: Observation, scope: RunScope<Ctx>): Promise<void> {
  await bounded((signal) => step.apply(runtime(step, scope, signal), seen), {
    clock: scope.clock,
    timeoutMs: scope.stepTimeoutMs,
    signals: [scope.hardSignal],
    what: `apply of step "${step.id}"`,
  })
}

/** Usable, and as wanted. What settles again, e.g. because another step touched it, is awaited once more. */
async function settle<Ctx>(step: Step<Ctx, unknown>, scope: RunScope<Ctx>, outcome: End['outcome']): Promise<End> {
  const depth = { ...scope.depth, diff: false }
  let out = await awaitReady(step, scope)
  let seen = await checkAgain(step, scope, depth)
  if (seen.state === 'settling') {
    out = await awaitReady(step, scope)
    seen = await checkAgain(step, scope, depth)
  }
  if (seen.state !== 'current') return { outcome: 'failed', cause: notConverged(step.id, seen) }
  scope.outputs.give(step.id, step.ready === undefined ? seen.out : out)
  return { outcome }
}

async function awaitReady<Ctx>(step: Step<Ctx, unknown>, scope: RunScope<Ctx>): Promise<unknown> {
  if (step.ready === undefined) return undefined
  const ready = step.ready.bind(step)
  scope.emit({ type: 'step-started', step: step.id, phase: 'ready' })
  return await bounded((signal) => ready(runtime(step, scope, signal)), {
    clock: scope.clock,
    timeoutMs: scope.stepTimeoutMs,
    signals: [scope.signal],
    what: `wait for step "${step.id}"`,
  })
}

async function checkAgain<Ctx>(
  step: Step<Ctx, unknown>,
  scope: RunScope<Ctx>,
  depth: StepRuntime['look'],
): Promise<Observation> {
  const { outputs, emit, clock } = scope
  const signals = [scope.signal]
  return await observe(step, scope.ctx, { outputs, emit, clock, signals, depth, timeoutMs: scope.checkTimeoutMs })
}

function runtime<Ctx>(step: Step<Ctx, unknown>, scope: RunScope<Ctx>, signal: AbortSignal): Ctx & StepRuntime {
  return withRuntime(scope.ctx, step, { outputs: scope.outputs, signal, emit: scope.emit, look: scope.depth })
}
