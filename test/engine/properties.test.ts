import fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import { decide } from '../../src/engine/decide.ts'
import { buildGraph, type Graph } from '../../src/engine/graph.ts'
import { look } from '../../src/engine/look.ts'
import type { RunResult } from '../../src/engine/result.ts'
import { execute } from '../../src/engine/run.ts'
import type { Need } from '../../src/engine/step.ts'
import { teardown } from '../../src/engine/teardown.ts'
import { current, lookOptions, missing, recorder, runOptions, step, type TestStep, type World, world } from './lab.ts'

/** What a random step does, and which earlier steps it needs. */
interface Sketch {
  readonly needs: readonly { readonly of: number; readonly edge: Need<World>['edge'] }[]
  readonly behaviour: 'fine' | 'there' | 'fails-to-apply' | 'never-ready' | 'off'
  /** Turns of the event loop that a call takes. */
  readonly applyTurns: number
  readonly readyTurns: number
}

const sketch: fc.Arbitrary<Sketch> = fc.record({
  needs: fc.array(fc.record({ of: fc.nat(), edge: fc.constantFrom('applied' as const, 'ready' as const) }), {
    maxLength: 3,
  }),
  behaviour: fc.constantFrom('fine', 'fine', 'fine', 'there', 'fails-to-apply', 'never-ready', 'off'),
  applyTurns: fc.nat({ max: 3 }),
  readyTurns: fc.nat({ max: 3 }),
})
const sketches = fc.array(sketch, { minLength: 1, maxLength: 12 })
const RUNS = { numRuns: 60 }
const LONG_ENOUGH_MS = 30_000

async function turns(count: number): Promise<void> {
  for (let turn = 0; turn < count; turn += 1) await new Promise((resolve) => setImmediate(resolve))
}

/** Everything that happened, in order: `start a`, `applied a`, `ready a`, `failed a`. */
interface Lab {
  readonly steps: readonly TestStep[]
  readonly log: string[]
  running(): number
  mostApplying(): number
}

function labOf(drawn: readonly Sketch[]): Lab {
  const log: string[] = []
  const steps: TestStep[] = []
  let running = 0
  let applying = 0
  let mostApplying = 0
  const during = async <T>(call: () => Promise<T>): Promise<T> => {
    running += 1
    try {
      return await call()
    } finally {
      running -= 1
    }
  }
  for (const [index, { behaviour, applyTurns, readyTurns, needs }] of drawn.entries()) {
    const id = `s${index}`
    const uniqueNeeds = new Map(needs.filter(() => index > 0).map(({ of, edge }) => [of % index, edge]))
    const own = [...uniqueNeeds].flatMap(([of, edge]): Need<World>[] => {
      const need = steps[of]
      return need === undefined ? [] : [{ edge, step: need }]
    })
    steps.push(
      step(id, own, {
        off: () => (behaviour === 'off' ? 'not wanted' : undefined),
        check: ({ things }) =>
          during(async () => things.get(id) ?? (behaviour === 'there' ? current(id) : missing(id))),
        apply: ({ things }) =>
          during(async () => {
            log.push(`start ${id}`)
            applying += 1
            mostApplying = Math.max(mostApplying, applying)
            await turns(applyTurns)
            applying -= 1
            if (behaviour === 'fails-to-apply') throw new Error(`${id} fails`)
            things.set(id, current(id))
            log.push(`applied ${id}`)
          }),
        ready: () =>
          during(async () => {
            await turns(readyTurns)
            if (behaviour === 'never-ready') throw new Error(`${id} fails`)
            log.push(`ready ${id}`)
            return id
          }),
        destroy: ({ things }) =>
          during(async () => {
            log.push(`start ${id}`)
            await turns(applyTurns)
            if (behaviour === 'fails-to-apply') throw new Error(`${id} fails`)
            things.delete(id)
            log.push(`gone ${id}`)
          }),
      }),
    )
  }
  return { steps, log, running: () => running, mostApplying: () => mostApplying }
}

interface Setting {
  readonly concurrency?: number
  readonly failFast?: boolean
  readonly signal?: AbortSignal
}

async function run(lab: Lab, setting: Setting = {}) {
  const graph = buildGraph(lab.steps)
  const own = world()
  const { emit, events } = recorder()
  const looked = await look(graph, own, lookOptions())
  const decisions = decide(graph, looked, { onExisting: 'update' })
  const result = await execute(graph, own, { ...runOptions({ emit, ...setting }), looked, decisions })
  const ended = events.flatMap((event) =>
    event.type === 'step-finished' && 'step' in event ? [String(event.step)] : [],
  )
  return { graph, result, ended, events }
}

const outcomesOf = (result: RunResult): ReadonlyMap<string, string> =>
  new Map(result.steps.map(({ id, outcome }) => [id, outcome]))

/** Behind an applied edge a step may have started before its need turned out never to get ready. */
function surelyLost(need: Need<World>, outcomes: ReadonlyMap<string, string>, drawn: readonly Sketch[]): boolean {
  const outcome = outcomes.get(need.step.id)
  const submitted = drawn[Number(need.step.id.slice(1))]?.behaviour === 'never-ready'
  return outcome === 'blocked' || (outcome === 'failed' && !(need.edge === 'applied' && submitted))
}

function eachEdge(graph: Graph<World>, visit: (id: string, edge: string, need: string) => void): void {
  for (const own of graph.order) for (const need of own.needs) visit(own.id, need.edge, need.step.id)
}

describe('any graph', () => {
  it('is ordered so that needs come first', () => {
    fc.assert(
      fc.property(sketches, (drawn) => {
        const graph = buildGraph([...labOf(drawn).steps].reverse())
        const place = new Map(graph.order.map(({ id }, index) => [id, index]))
        eachEdge(graph, (id, _edge, need) => expect(place.get(need) ?? Number.NaN).toBeLessThan(place.get(id) ?? -1))
        expect(graph.order).toHaveLength(drawn.length)
      }),
      RUNS,
    )
  })

  it('is refused with a cycle', () => {
    fc.assert(
      fc.property(fc.integer({ min: 1, max: 8 }), fc.nat(), (length, entry) => {
        const needs: Need<World>[][] = Array.from({ length }, () => [])
        const ring = needs.map((own, index) => step(`r${index}`, own))
        for (const [index, own] of needs.entries()) {
          const next = ring[(index + 1) % length]
          if (next !== undefined) own.push({ edge: 'applied', step: next })
        }
        const first = ring[entry % length]
        expect(() => buildGraph(first === undefined ? [] : [first])).toThrow(/need each other/)
      }),
      RUNS,
    )
  })

  it('is refused with two steps of one id', () => {
    fc.assert(
      fc.property(sketches, fc.nat(), (drawn, pick) => {
        const { steps } = labOf(drawn)
        const twin = step(`s${pick % drawn.length}`)
        expect(() => buildGraph([...steps, twin])).toThrow(/two different steps/)
      }),
      RUNS,
    )
  })
})

describe('any run', { timeout: LONG_ENOUGH_MS }, () => {
  it('respects edges, the cap and failures, and ends every step once with every error', async () => {
    await fc.assert(
      fc.asyncProperty(sketches, fc.integer({ min: 1, max: 4 }), async (drawn, concurrency) => {
        const lab = labOf(drawn)
        const { graph, result, ended } = await run(lab, { concurrency })
        const outcomes = outcomesOf(result)
        const at = (entry: string): number => lab.log.indexOf(entry)
        expect(lab.mostApplying()).toBeLessThanOrEqual(concurrency)
        expect(lab.running()).toBe(0)
        expect([...ended].sort()).toEqual(graph.order.map(({ id }) => id).sort())
        eachEdge(graph, (id, edge, need) => {
          if (at(`start ${id}`) < 0 || outcomes.get(need) === 'off' || outcomes.get(need) === 'unchanged') return
          const wanted = edge === 'applied' ? `applied ${need}` : `ready ${need}`
          expect(at(wanted)).toBeGreaterThanOrEqual(0)
          expect(at(wanted)).toBeLessThan(at(`start ${id}`))
        })
        for (const { id, outcome, cause } of result.steps) {
          const { behaviour } = drawn[Number(id.slice(1))] ?? {}
          const tried = at(`start ${id}`) >= 0
          const fails = behaviour === 'fails-to-apply' || behaviour === 'never-ready'
          expect(outcome === 'failed').toBe(tried && fails)
          expect(cause?.message).toBe(outcome === 'failed' ? `${id} fails` : undefined)
        }
        expect(result.ok).toBe(![...outcomes.values()].some((outcome) => outcome === 'failed' || outcome === 'blocked'))
      }),
      RUNS,
    )
  })

  it('blocks exactly what stands behind a failure', async () => {
    await fc.assert(
      fc.asyncProperty(sketches, async (drawn) => {
        const { graph, result } = await run(labOf(drawn))
        const outcomes = outcomesOf(result)
        const lost = graph.order.filter(({ needs }) => needs.some((need) => surelyLost(need, outcomes, drawn)))
        for (const { id } of lost) expect(['blocked', 'unchanged', 'off']).toContain(outcomes.get(id))
        for (const { outcome, by = [] } of result.steps) {
          expect(by.length > 0).toBe(outcome === 'blocked')
          for (const culprit of by) expect(['failed', 'blocked']).toContain(outcomes.get(culprit))
        }
      }),
      RUNS,
    )
  })

  it('starts nothing new after a failure with fail-fast', async () => {
    await fc.assert(
      fc.asyncProperty(sketches, fc.integer({ min: 1, max: 4 }), async (drawn, concurrency) => {
        const lab = labOf(drawn)
        const { events } = await run(lab, { concurrency, failFast: true })
        const told = events.map((event) => JSON.stringify(event))
        const failure = told.findIndex((event) => event.includes('"outcome":"failed"'))
        const starts = told.flatMap((event, index) => (event.includes('"phase":"apply"') ? [index] : []))
        if (failure >= 0) expect(Math.max(-1, ...starts)).toBeLessThan(failure)
        expect(lab.running()).toBe(0)
      }),
      RUNS,
    )
  })

  it('leaves nothing running when it is cancelled at any moment, and starts nothing afterwards', async () => {
    await fc.assert(
      fc.asyncProperty(sketches, fc.nat({ max: 8 }), async (drawn, moment) => {
        const lab = labOf(drawn)
        const abort = new AbortController()
        const running = run(lab, { signal: abort.signal, concurrency: 2 })
        await turns(moment)
        abort.abort()
        const started = lab.log.filter((entry) => entry.startsWith('start')).length
        const { result, ended } = await running
        expect(lab.running()).toBe(0)
        expect(lab.log.filter((entry) => entry.startsWith('start'))).toHaveLength(started)
        expect(ended).toHaveLength(result.steps.length)
        await turns(4)
        expect(lab.log.filter((entry) => entry.startsWith('start'))).toHaveLength(started)
      }),
      RUNS,
    )
  })
})

describe('any teardown', { timeout: LONG_ENOUGH_MS }, () => {
  it('removes a step only after everything that needs it is gone', async () => {
    await fc.assert(
      fc.asyncProperty(sketches, fc.integer({ min: 1, max: 4 }), async (drawn, concurrency) => {
        const lab = labOf(drawn)
        const graph = buildGraph(lab.steps)
        const own = world(Object.fromEntries(lab.steps.map(({ id }) => [id, current(id)])))
        const looked = await look(graph, own, lookOptions())
        const selected = new Set(graph.order.map(({ id }) => id))
        const result = await teardown(graph, own, { ...runOptions({ concurrency }), looked, selected })
        const outcomes = outcomesOf(result)
        eachEdge(graph, (id, _edge, need) => {
          const started = lab.log.indexOf(`start ${need}`)
          if (started < 0 || outcomes.get(id) === 'off') return
          expect(lab.log.indexOf(`gone ${id}`)).toBeGreaterThanOrEqual(0)
          expect(lab.log.indexOf(`gone ${id}`)).toBeLessThan(started)
        })
        expect(result.steps).toHaveLength(graph.order.length)
        expect(lab.running()).toBe(0)
      }),
      RUNS,
    )
  })
})
