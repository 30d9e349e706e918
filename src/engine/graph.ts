import { cyclePath, sortByNeeds } from './order.ts'
import type { Need, Step } from './step.ts'

export interface Dependant {
  readonly edge: Need<never>['edge']
  readonly id: string
}

/** Steps closed over their needs, checked and ordered. */
export interface Graph<Ctx> {
  /** Topological: needs come before what needs them; ties in the order they were given. */
  readonly order: readonly Step<Ctx, unknown>[]
  has(id: string): boolean
  /** @throws GraphError `UnknownStep` */
  get(id: string): Step<Ctx, unknown>
  /** Steps that need this one directly. */
  dependants(id: string): readonly Dependant[]
  /** Longest chain of dependants: `ready` edges weigh 1000, others 1. */
  priority(id: string): number
}

/** The steps do not make a graph: our bug, found before anything starts. */
export class GraphError extends Error {
  readonly code: string

  constructor(code: string, message: string) {
    super(message)
    this.name = 'GraphError'
    this.code = code
  }
}

const WEIGHT = { ready: 1000, applied: 1, after: 1 } as const

/**
 * Closes `steps` over their needs and orders them.
 * @throws GraphError on two different steps with one id, a need that is no step, or a cycle (the message prints its path)
 */
export function buildGraph<Ctx>(steps: readonly Step<Ctx, unknown>[]): Graph<Ctx> {
  const all = closeOverNeeds(steps)
  const cycle = cyclePath(all)
  if (cycle !== undefined) throw new GraphError('StepCycle', `steps need each other: ${cycle.join(' -> ')}`)
  const order = sortByNeeds(all)
  const dependants = invert(order)
  const priorities = longestChains(order, dependants)
  return {
    order,
    has: (id) => all.has(id),
    get: (id) => {
      const step = all.get(id)
      if (step === undefined) throw new GraphError('UnknownStep', `no step "${id}" in the graph`)
      return step
    },
    dependants: (id) => dependants.get(id) ?? [],
    priority: (id) => priorities.get(id) ?? 0,
  }
}

function closeOverNeeds<Ctx>(steps: readonly Step<Ctx, unknown>[]): ReadonlyMap<string, Step<Ctx, unknown>> {
  const all = new Map<string, Step<Ctx, unknown>>()
  const queue = [...steps]
  for (const step of queue) {
    const known = all.get(step.id)
    if (known === step) continue
    if (known !== undefined) throw new GraphError('DuplicateStep', `two different steps have the id "${step.id}"`)
    all.set(step.id, step)
    for (const need of step.needs) {
      const target = needed(step, need)
      if (need.edge !== 'after') queue.push(target)
    }
  }
  return all
}

/** An import cycle between step files shows as a need that is undefined. */
function needed<Ctx>(step: Step<Ctx, unknown>, need: Need<Ctx>): Step<Ctx, unknown> {
  const target: Step<Ctx, unknown> | undefined = need.step
  if (target === undefined) throw new GraphError('MissingNeed', `step "${step.id}" needs a step that does not exist`)
  return target
}

function invert<Ctx>(order: readonly Step<Ctx, unknown>[]): ReadonlyMap<string, readonly Dependant[]> {
  const dependants = new Map<string, Dependant[]>(order.map((step) => [step.id, []]))
  for (const step of order) {
    for (const need of step.needs) dependants.get(need.step.id)?.push({ edge: need.edge, id: step.id })
  }
  return dependants
}

function longestChains<Ctx>(
  order: readonly Step<Ctx, unknown>[],
  dependants: ReadonlyMap<string, readonly Dependant[]>,
): ReadonlyMap<string, number> {
  const chains = new Map<string, number>()
  for (const step of [...order].reverse()) {
    const lengths = (dependants.get(step.id) ?? []).map(({ edge, id }) => WEIGHT[edge] + (chains.get(id) ?? 0))
    chains.set(step.id, Math.max(0, ...lengths))
  }
  return chains
}
