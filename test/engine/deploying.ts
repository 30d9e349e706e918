import { type DecideOptions, decide } from '../../src/engine/decide.ts'
import { buildGraph } from '../../src/engine/graph.ts'
import { look } from '../../src/engine/look.ts'
import type { RunResult } from '../../src/engine/result.ts'
import { execute, type RunOptions } from '../../src/engine/run.ts'
import { lookOptions, runOptions, type TestStep, type World } from './lab.ts'

export interface Wish {
  readonly run?: Partial<Omit<RunOptions, 'looked'>>
  readonly decide?: DecideOptions
  /** What changes between the look and the run. */
  readonly meanwhile?: (own: World) => void
}

/** Looks, decides and runs. */
export async function deploy(steps: readonly TestStep[], own: World, wish: Wish = {}): Promise<RunResult> {
  const graph = buildGraph(steps)
  const looked = await look(graph, own, lookOptions())
  const decisions = decide(graph, looked, wish.decide ?? { onExisting: 'update' })
  wish.meanwhile?.(own)
  return await execute(graph, own, { ...runOptions(wish.run), looked, decisions })
}

export const outcomes = (result: RunResult): Record<string, string> =>
  Object.fromEntries(result.steps.map(({ id, outcome }) => [id, outcome]))
export const resultFor = (result: RunResult, id: string) => result.steps.find((own) => own.id === id)
