import type { Outcome } from './events.ts'
import type { Graph } from './graph.ts'
import { FAILURES, type TaskResults } from './schedule.ts'
import type { Cause } from './step.ts'

export interface StepResult {
  readonly id: string
  readonly component: string
  readonly outcome: Outcome
  readonly cause?: Cause
  /** Steps that stood in its way. */
  readonly by?: readonly string[]
  readonly elapsedMs: number
}

export interface RunResult {
  readonly ok: boolean
  /** One for each step of the graph, in topological order. */
  readonly steps: readonly StepResult[]
  readonly counts: Readonly<Partial<Record<Outcome, number>>>
}

/** What came of each step, counted. */
export function resultOf<Ctx>(graph: Graph<Ctx>, results: TaskResults): RunResult {
  const steps = graph.order.flatMap(({ id, component }) => {
    const result = results.get(id)
    if (result === undefined) return []
    const { outcome, cause, by, elapsedMs } = result
    return [{ id, component, outcome, elapsedMs, ...(cause && { cause }), ...(by && { by }) }]
  })
  const counts: Partial<Record<Outcome, number>> = {}
  for (const { outcome } of steps) counts[outcome] = (counts[outcome] ?? 0) + 1
  return { ok: steps.every((step) => !FAILURES.has(step.outcome)), steps, counts }
}
