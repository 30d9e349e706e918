import type { Emit } from './events.ts'
import { GraphError } from './graph.ts'
import type { Outputs } from './outputs.ts'
import type { Step, StepRuntime } from './step.ts'

export interface RuntimeOptions {
  readonly outputs: Outputs
  readonly signal: AbortSignal
  readonly emit: Emit
  readonly look: StepRuntime['look']
}

/** `ctx` with what the engine adds for one call of one step. Getters of `ctx` stay lazy. */
export function withRuntime<Ctx>(ctx: Ctx, step: Step<Ctx, unknown>, options: RuntimeOptions): Ctx & StepRuntime {
  const runtime: StepRuntime = {
    output: <Out>(need: Step<never, Out>) => outputOf(step, need, options.outputs),
    signal: options.signal,
    report: (line) => options.emit({ type: 'step-progress', step: step.id, line }),
    look: options.look,
  }
  return Object.defineProperties({}, { ...descriptors(ctx), ...descriptors(runtime) }) as Ctx & StepRuntime
}

function descriptors(value: unknown): PropertyDescriptorMap {
  return typeof value === 'object' && value !== null ? Object.getOwnPropertyDescriptors(value) : {}
}

async function outputOf<Ctx, Out>(step: Step<Ctx, unknown>, need: Step<never, Out>, outputs: Outputs): Promise<Out> {
  if (!step.needs.some((named) => named.step.id === need.id)) {
    throw new GraphError(
      'UndeclaredNeed',
      `step "${step.id}" asks for the output of "${need.id}", which it does not need`,
    )
  }
  // The step that gave it has the type Step<_, Out>: ids are unique within a graph.
  return (await outputs.of(need.id)) as Out
}
