import type { Step } from './step.ts'

type Steps<Ctx> = ReadonlyMap<string, Step<Ctx, unknown>>

/** Ids along a cycle, first one repeated at the end, or undefined when there is none. */
export function cyclePath<Ctx>(all: Steps<Ctx>): readonly string[] | undefined {
  const done = new Set<string>()
  for (const step of all.values()) {
    const cycle = visit(step, [], done)
    if (cycle !== undefined) return cycle
  }
  return undefined
}

function visit<Ctx>(
  step: Step<Ctx, unknown>,
  path: readonly string[],
  done: Set<string>,
): readonly string[] | undefined {
  if (done.has(step.id)) return undefined
  const start = path.indexOf(step.id)
  if (start >= 0) return [...path.slice(start), step.id]
  for (const need of step.needs) {
    const cycle = visit(need.step, [...path, step.id], done)
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
    for (const need of step.needs) place(need.step)
    order.set(step.id, step)
  }
  for (const step of all.values()) place(step)
  return [...order.values()]
}
