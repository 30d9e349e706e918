import type { Step } from './step.ts'

type Steps<Ctx> = ReadonlyMap<string, Step<Ctx, unknown>>

/** Ids along a cycle, first one repeated at the end, or undefined when there is none. */
export function cyclePath<Ctx>(all: Steps<Ctx>): readonly string[] | undefined {
  const done = new Set<string>()
  for (const step of all.values()) {
    const cycle = visit(step, { all, path: [], done })
    if (cycle !== undefined) return cycle
  }
  return undefined
}

/** What a step needs of these: an edge that only orders may lead to a step that is no part of them. */
function needsWithin<Ctx>(step: Step<Ctx, unknown>, all: Steps<Ctx>): readonly Step<Ctx, unknown>[] {
  return step.needs.map((need) => need.step).filter((need) => all.has(need.id))
}

interface Visit<Ctx> {
  readonly all: Steps<Ctx>
  readonly path: readonly string[]
  readonly done: Set<string>
}

function visit<Ctx>(step: Step<Ctx, unknown>, { all, path, done }: Visit<Ctx>): readonly string[] | undefined {
  if (done.has(step.id)) return undefined
  const start = path.indexOf(step.id)
  if (start >= 0) return [...path.slice(start), step.id]
  for (const need of needsWithin(step, all)) {
    const cycle = visit(need, { all, path: [...path, step.id], done })
    if (cycle !== undefined) return cycle
  }
  done.add(step.id)
  return undefined
}

/** Depth first over needs, so that a step stands right behind the last of its needs. The steps must have no cycle. */
export function sortByNeeds<Ctx>(all: Steps<Ctx>): readonly Step<Ctx, unknown>[] {
  const order = new Map<string, Step<Ctx, unknown>>()
  const place = (step: Step<Ctx, unknown>): void => {
    if (order.has(step.id)) return
    for (const need of needsWithin(step, all)) place(need)
    order.set(step.id, step)
  }
  for (const step of all.values()) place(step)
  return [...order.values()]
}
