import { bounded, CancelledError, type EngineClock } from './bounded.ts'
import { causeOf } from './cause.ts'
import type { Emit } from './events.ts'
import type { Graph } from './graph.ts'
import { createOutputs, type Outputs } from './outputs.ts'
import { withRuntime } from './runtime.ts'
import { NotYetKnown, type Observation, type Step, type StepRuntime } from './step.ts'

/** What was found, by step id. */
export interface Looked {
  readonly observations: ReadonlyMap<string, Observation>
  /** Steps this configuration does not have, with the reason; they were not looked at. */
  readonly off: ReadonlyMap<string, string>
  /** How closely it was looked: the check before an `apply` looks the same way, so that changes compare. */
  readonly depth: StepRuntime['look']
}

export interface LookOptions {
  readonly signal: AbortSignal
  readonly emit: Emit
  readonly clock: EngineClock
  /** Deadline of each check. */
  readonly timeoutMs: number
  readonly depth: StepRuntime['look']
}

/**
 * Runs all checks in parallel. A check that asks for an output which is not there yet is `waiting`, one that throws is `unknown`.
 * @throws CancelledError when `signal` aborts
 */
export async function look<Ctx>(graph: Graph<Ctx>, ctx: Ctx, options: LookOptions): Promise<Looked> {
  const started = options.clock.now()
  options.emit({ type: 'look-started' })
  const off = findOff(graph, ctx)
  const steps = graph.order.filter((step) => !off.has(step.id))
  const outputs = createOutputs(steps.map((step) => step.id))
  const looks = steps.map(async (step) => {
    const seen = await observe(step, ctx, { ...options, outputs, signals: [options.signal] })
    emitLooked(options.emit, step.id, seen)
    publish(outputs, step.id, seen)
    return [step.id, seen] as const
  })
  // All of them, so that no check still runs when a cancelled look rejects.
  const settled = await Promise.allSettled(looks)
  if (options.signal.aborted) throw new CancelledError('the look')
  const observations = new Map(settled.map(fulfilled))
  options.emit({ type: 'look-finished', elapsedMs: options.clock.now() - started })
  return { observations, off, depth: options.depth }
}

function fulfilled<T>(result: PromiseSettledResult<T>): T {
  if (result.status === 'fulfilled') return result.value
  throw result.reason
}

function findOff<Ctx>(graph: Graph<Ctx>, ctx: Ctx): ReadonlyMap<string, string> {
  const reasons = graph.order.map((step) => [step.id, step.off?.(ctx)] as const)
  return new Map(reasons.filter((entry): entry is readonly [string, string] => entry[1] !== undefined))
}

export interface ObserveOptions {
  readonly outputs: Outputs
  readonly signals: readonly AbortSignal[]
  readonly emit: Emit
  readonly clock: EngineClock
  readonly timeoutMs: number
  readonly depth: StepRuntime['look']
}

/**
 * One check of one step.
 * @throws CancelledError when a signal aborts; everything else that goes wrong is an observation
 */
export async function observe<Ctx>(step: Step<Ctx, unknown>, ctx: Ctx, options: ObserveOptions): Promise<Observation> {
  const { outputs, emit, depth } = options
  try {
    return await bounded((signal) => step.check(withRuntime(ctx, step, { outputs, signal, emit, look: depth })), {
      ...options,
      what: `check of step "${step.id}"`,
    })
  } catch (error) {
    if (error instanceof CancelledError) throw error
    if (error instanceof NotYetKnown) return { state: 'waiting', on: [error.stepId] }
    return { state: 'unknown', cause: causeOf(error) }
  }
}

/** Tells dependants the output of an observation, or that there is none. */
export function publish(outputs: Outputs, id: string, seen: Observation): void {
  if (hasOutput(seen)) outputs.give(id, seen.out)
  else outputs.withhold(id)
}

/** True when the check gave what dependants use. */
export function hasOutput(seen: Observation): seen is Observation & { readonly out: unknown } {
  return seen.state === 'current' || 'out' in seen
}

function emitLooked(emit: Emit, step: string, seen: Observation): void {
  emit({
    type: 'step-looked',
    step,
    state: seen.state,
    changes: 'changes' in seen ? seen.changes : [],
    ...('cause' in seen ? { cause: seen.cause } : {}),
    ...(seen.state === 'waiting' ? { on: seen.on } : {}),
  })
}
