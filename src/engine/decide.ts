import type { Decision } from './events.ts'
import type { Graph } from './graph.ts'
import type { Looked } from './look.ts'
import type { Observation, StepState } from './step.ts'

/** What to do with what exists: asked in a terminal, or settled by a mode. */
export type OnExisting = 'ask' | 'update' | 'skip-healthy' | 'skip'

/** Answer to a component's question; `auto` = `skip-healthy`. */
export type Answer = 'skip' | 'proceed' | 'auto'

export interface StepDecision {
  readonly decision: Decision
  readonly reason: string
  /**
   * The states in which it is changed when it is looked at for the first time, or again after something it needs was
   * changed; in others it is left.
   */
  readonly covers?: readonly StepState[]
}

export type Decisions = ReadonlyMap<string, StepDecision>

export interface ComponentState {
  readonly component: string
  /** Its worst step's: unknown > broken > drifted > waiting > missing > current. */
  readonly state: StepState
  /** Something of it is there. */
  readonly exists: boolean
  readonly steps: readonly { readonly id: string; readonly seen: Observation }[]
}

export interface Question extends ComponentState {
  readonly default: 'skip' | 'proceed'
}

export interface DecideOptions {
  readonly onExisting: OnExisting
  /** Answers by component, for `ask`; a component that was not asked has none. */
  readonly answers?: ReadonlyMap<string, Answer>
  /** Steps that may be changed; all when absent. */
  readonly selected?: ReadonlySet<string>
}

const WORST_FIRST: readonly StepState[] = ['unknown', 'broken', 'drifted', 'waiting', 'missing', 'settling', 'current']
const EXISTING: ReadonlySet<StepState> = new Set(['current', 'settling', 'drifted', 'broken'])

/** State of each component that this configuration has, in topological order. */
export function componentStates<Ctx>(graph: Graph<Ctx>, looked: Looked): readonly ComponentState[] {
  const groups = new Map<string, { id: string; seen: Observation }[]>()
  for (const step of graph.order) {
    const seen = looked.observations.get(step.id)
    if (seen === undefined) continue
    groups.set(step.component, [...(groups.get(step.component) ?? []), { id: step.id, seen }])
  }
  return [...groups].map(([component, steps]) => ({
    component,
    state: worst(steps.map((step) => step.seen.state)),
    exists: steps.some((step) => EXISTING.has(step.seen.state)),
    steps,
  }))
}

function worst(states: readonly StepState[]): StepState {
  return WORST_FIRST.find((state) => states.includes(state)) ?? 'current'
}

/** What is asked in a terminal: one question for each selected component of which something exists. */
export function questions<Ctx>(graph: Graph<Ctx>, looked: Looked, selected?: ReadonlySet<string>): readonly Question[] {
  return componentStates(graph, looked)
    .filter(({ exists, state }) => exists && state !== 'unknown')
    .filter(({ steps }) => selected === undefined || steps.some(({ id }) => selected.has(id)))
    .map((component) => ({ ...component, default: component.state === 'broken' ? 'proceed' : 'skip' }))
}

/** How a component is treated: a mode, or the answer S of a terminal, which also leaves missing parts. */
type Treatment = 'update' | 'skip-healthy' | 'skip' | 'untouched'

/** The states that a treatment changes; `current` never, `settling` is awaited. */
const CHANGED: Readonly<Record<Treatment, readonly StepState[]>> = {
  update: ['missing', 'drifted', 'broken'],
  'skip-healthy': ['missing', 'broken'],
  skip: ['missing'],
  untouched: [],
}
const REASON: Readonly<Record<Treatment, string>> = {
  update: 'left alone',
  'skip-healthy': 'healthy ones are left alone',
  skip: 'what exists is left alone',
  untouched: 'skipped',
}

/** The decision for each step, by the table of modes. Steps that are off have none. */
export function decide<Ctx>(graph: Graph<Ctx>, looked: Looked, options: DecideOptions): Decisions {
  const decisions = new Map<string, StepDecision>()
  for (const component of componentStates(graph, looked)) {
    const treatment = treat(component, options)
    for (const { id, seen } of component.steps) {
      const selected = options.selected?.has(id) ?? true
      decisions.set(id, selected ? decideStep(seen, treatment) : decideNeed(seen))
    }
  }
  return decisions
}

function treat(component: ComponentState, { onExisting, answers }: DecideOptions): Treatment {
  if (onExisting !== 'ask') return onExisting
  const answer = answers?.get(component.component)
  if (answer === 'auto') return 'skip-healthy'
  if (answer === 'skip') return 'untouched'
  // Not asked: nothing of it exists, so all of it is created.
  return 'update'
}

function decideStep(seen: Observation, treatment: Treatment): StepDecision {
  const covers = CHANGED[treatment]
  switch (seen.state) {
    case 'unknown':
      return { decision: 'fail', reason: 'could not look' }
    case 'current':
      return { decision: 'leave', reason: 'as wanted', covers }
    case 'settling':
      return treatment === 'skip'
        ? { decision: 'leave', reason: REASON.skip, covers }
        : { decision: 'wait', reason: 'still rolling out' }
    case 'waiting':
      return covers.length === 0
        ? { decision: 'leave', reason: REASON[treatment] }
        : { decision: 'apply', reason: `known after ${seen.on.join(', ')}`, covers }
    default:
      return covers.includes(seen.state)
        ? { decision: 'apply', reason: seen.state }
        : { decision: 'leave', reason: REASON[treatment], covers }
  }
}

/** A step that is only needed: never changed, but awaited while it rolls out. */
function decideNeed(seen: Observation): StepDecision {
  if (seen.state === 'unknown') return { decision: 'fail', reason: 'could not look' }
  if (seen.state === 'settling') return { decision: 'wait', reason: 'still rolling out' }
  return { decision: 'leave', reason: seen.state === 'current' ? 'as wanted' : 'not selected' }
}
