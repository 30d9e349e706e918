import type { StepInfo } from './events.ts'
import { buildGraph, type Graph } from './graph.ts'
import type { Looked } from './look.ts'
import type { Step, StepState } from './step.ts'

/** What a command works on. */
export interface Selection<Ctx> {
  /** Selected steps and everything they need: what is looked at. */
  readonly graph: Graph<Ctx>
  /** Ids of the steps that may be changed. */
  readonly selected: ReadonlySet<string>
}

/** Component names in the graph, in topological order of their first step. */
export function components<Ctx>(graph: Graph<Ctx>): readonly string[] {
  return [...new Set(graph.order.map((step) => step.component))]
}

/** Steps of the named components (all when none is named); `withNeeds` also selects what they need. */
export function select<Ctx>(
  graph: Graph<Ctx>,
  names: readonly string[],
  options: { readonly withNeeds: boolean },
): Selection<Ctx> {
  const roots = names.length === 0 ? graph.order : graph.order.filter((step) => names.includes(step.component))
  const scope = buildGraph(roots)
  const selected = options.withNeeds ? scope.order : roots
  return { graph: scope, selected: new Set(selected.map((step) => step.id)) }
}

/** A step that is needed but neither selected nor there. */
export interface LackingNeed {
  readonly step: string
  readonly component: string
  readonly state: StepState
}

const THERE: ReadonlySet<StepState> = new Set(['current', 'settling', 'drifted'])

/** What the selected steps need, directly or not, and lack: to be deployed first, or included with `--with-needs`. */
export function lackingNeeds<Ctx>(selection: Selection<Ctx>, looked: Looked): readonly LackingNeed[] {
  return selection.graph.order.flatMap((step) => {
    const state = looked.observations.get(step.id)?.state
    if (selection.selected.has(step.id) || state === undefined || THERE.has(state)) return []
    return [{ step: step.id, component: step.component, state }]
  })
}

/** Steps outside `selected` that need one of them, directly or not: they must go first when these are destroyed. */
export function dependantsOutside<Ctx>(
  graph: Graph<Ctx>,
  selected: ReadonlySet<string>,
): readonly Step<Ctx, unknown>[] {
  const affected = new Set(selected)
  for (const step of graph.order) {
    if (step.needs.some(({ edge, step: need }) => edge !== 'after' && affected.has(need.id))) affected.add(step.id)
  }
  return graph.order.filter((step) => affected.has(step.id) && !selected.has(step.id))
}

/** The steps as `run-started` tells them. */
export function stepInfos<Ctx>(graph: Graph<Ctx>, ctx: Ctx): readonly StepInfo[] {
  return graph.order.map((step) => {
    const off = step.off?.(ctx)
    return {
      id: step.id,
      title: step.title,
      component: step.component,
      needs: step.needs
        .filter((need) => graph.has(need.step.id))
        .map((need) => ({ edge: need.edge, id: need.step.id })),
      ...(off === undefined ? {} : { off }),
    }
  })
}
