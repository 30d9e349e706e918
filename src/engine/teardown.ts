import { bounded } from './bounded.ts'
import { endOf, lockLost, type RunScope } from './converge.ts'
import type { Emit } from './events.ts'
import type { Dependant, Graph } from './graph.ts'
import { publish } from './look.ts'
import { createOutputs } from './outputs.ts'
import { type RunResult, resultOf } from './result.ts'
import { createScope, emitEnd, type RunOptions } from './run.ts'
import { withRuntime } from './runtime.ts'
import { type End, FAILURES, type Gate, type Progress, schedule, type Task } from './schedule.ts'
import type { Step } from './step.ts'

export interface TeardownOptions extends RunOptions {
  /** Ids of the steps to remove; the others are left. */
  readonly selected: ReadonlySet<string>
}

/** Removes the selected steps, each after what needs it, in parallel where that allows. Same rules of failure as `execute`. */
export async function teardown<Ctx>(graph: Graph<Ctx>, ctx: Ctx, options: TeardownOptions): Promise<RunResult> {
  const { looked, emit } = options
  const outputs = createOutputs(graph.order.map((step) => step.id))
  for (const step of graph.order)
    publish(outputs, step.id, looked.observations.get(step.id) ?? { state: 'waiting', on: [] })
  const scope = createScope(ctx, outputs, options)
  const tasks = [...graph.order].reverse().map((step) => taskOf(step, graph, { scope, options }))
  const results = await schedule(tasks, {
    concurrency: options.concurrency,
    failFast: options.failFast,
    signal: scope.signal,
    now: () => options.clock.now(),
    onEnd: (id, result) => emitEnd(emit, id, result),
  })
  return resultOf(graph, results)
}

interface Teardown<Ctx> {
  readonly scope: RunScope<Ctx>
  readonly options: TeardownOptions
}

function taskOf<Ctx>(step: Step<Ctx, unknown>, graph: Graph<Ctx>, { scope, options }: Teardown<Ctx>): Task {
  const { id } = step
  if (options.looked.off.has(id)) return { id, end: { outcome: 'off' } }
  if (!options.selected.has(id)) return { id, end: { outcome: 'left' } }
  if (step.destroy === undefined) {
    noteKept(scope.emit, step.title)
    return { id, end: { outcome: 'left' } }
  }
  const destroy = step.destroy.bind(step)
  const wasThere = options.looked.observations.get(id)?.state !== 'missing'
  return {
    id,
    slot: true,
    gate: (progress) => gateOf(graph.dependants(id), progress),
    run: () => remove({ step, destroy, wasThere }, scope),
  }
}

function noteKept(emit: Emit, title: string): void {
  emit({ type: 'note', level: 'info', message: `"${title}" has nothing of its own to remove` })
}

function gateOf(dependants: readonly Dependant[], progress: Progress): Gate {
  const ends = dependants.map(({ id }) => ({ id, end: progress.end(id) }))
  const kept = ends.filter(({ end }) => end !== undefined && FAILURES.has(end.outcome)).map(({ id }) => id)
  if (kept.length > 0) return { blockedBy: [...new Set(kept)] }
  return ends.every(({ end }) => end !== undefined) ? 'open' : 'shut'
}

interface Removal<Ctx> {
  readonly step: Step<Ctx, unknown>
  readonly destroy: NonNullable<Step<Ctx, unknown>['destroy']>
  readonly wasThere: boolean
}

/** Also called for what was seen missing: a removal that died half-way may have left parts that no check looks for. */
async function remove<Ctx>({ step, destroy, wasThere }: Removal<Ctx>, scope: RunScope<Ctx>): Promise<End> {
  const { outputs, emit, clock, stepTimeoutMs: timeoutMs } = scope
  const lost = await lockLost(scope)
  if (lost !== undefined) return lost
  emit({ type: 'step-started', step: step.id, phase: 'destroy' })
  try {
    await bounded((signal) => destroy(withRuntime(scope.ctx, step, { outputs, signal, emit, look: scope.depth })), {
      clock,
      timeoutMs,
      signals: [scope.hardSignal],
      what: `removal of step "${step.id}"`,
    })
    return { outcome: wasThere ? 'removed' : 'unchanged' }
  } catch (error) {
    return endOf(error)
  }
}
