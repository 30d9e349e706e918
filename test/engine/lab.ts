import type { EngineClock } from '../../src/engine/bounded.ts'
import type { Emit, RunEvent } from '../../src/engine/events.ts'
import type { LookOptions } from '../../src/engine/look.ts'
import type { RunOptions } from '../../src/engine/run.ts'
import type { Cause, Change, Need, Observation, Step, StepRuntime } from '../../src/engine/step.ts'

/** A promise that the test settles. */
export interface Controlled<T = void> {
  readonly promise: Promise<T>
  readonly resolve: (value: T) => void
  readonly reject: (error: unknown) => void
}

export function controlled<T = void>(): Controlled<T> {
  let resolve: Controlled<T>['resolve'] = () => undefined
  let reject: Controlled<T>['reject'] = () => undefined
  const promise = new Promise<T>((onResolve, onReject) => {
    resolve = onResolve
    reject = onReject
  })
  return { promise, resolve, reject }
}

/** Lets everything that can go on without the test go on. */
export async function settle(): Promise<void> {
  for (let turn = 0; turn < 5; turn += 1) await new Promise((resolve) => setImmediate(resolve))
}

export interface TestClock extends EngineClock {
  /** Moves time and fires what is due. */
  advance(ms: number): Promise<void>
  /** Sleepers that have neither been fired nor aborted. */
  sleeping(): number
}

export function testClock(): TestClock {
  let at = 0
  const sleepers = new Set<{ readonly due: number; readonly wake: () => void }>()
  return {
    now: () => at,
    sleep: (ms, signal) =>
      new Promise((resolve, reject) => {
        const sleeper = { due: at + ms, wake: resolve }
        sleepers.add(sleeper)
        signal?.addEventListener('abort', () => {
          sleepers.delete(sleeper)
          reject(signal.reason)
        })
      }),
    advance: async (ms) => {
      at += ms
      for (const sleeper of [...sleepers]) {
        if (sleeper.due > at) continue
        sleepers.delete(sleeper)
        sleeper.wake()
      }
      await settle()
    },
    sleeping: () => sleepers.size,
  }
}

export function recorder(): { readonly emit: Emit; readonly events: Omit<RunEvent, 'at'>[] } {
  const events: Omit<RunEvent, 'at'>[] = []
  return { emit: (event) => events.push(event), events }
}

/** A small world: what each step's thing is like, and every call in order. */
export interface World {
  readonly things: Map<string, Observation>
  readonly calls: string[]
}

export function world(things: Readonly<Record<string, Observation>> = {}): World {
  return { things: new Map(Object.entries(things)), calls: [] }
}

export const create = (target: string): Change => ({ action: 'create', target })
export const update = (target: string): Change => ({ action: 'update', target })
export const missing = (target: string): Observation => ({ state: 'missing', changes: [create(target)] })
export const drifted = (target: string): Observation => ({ state: 'drifted', changes: [update(target)] })
export const current = (out: unknown = undefined): Observation => ({ state: 'current', out })
export const cause: Cause = { code: 'CrashLoop', message: 'pod redis-0 crashes' }
export const broken = (target: string): Observation => ({ state: 'broken', cause, changes: [update(target)] })

export type TestStep = Step<World, unknown>
type Calls = Partial<Pick<TestStep, 'off' | 'check' | 'apply' | 'ready' | 'destroy'>>

/** A step whose thing is missing until it is applied; its output is its id. */
export function step(
  id: string,
  needs: readonly Need<World>[] = [],
  calls: Calls & { component?: string } = {},
): TestStep {
  const { component = id, ...methods } = calls
  return {
    id,
    title: `Set up ${id}`,
    component,
    needs,
    check: async ({ things }) => things.get(id) ?? missing(id),
    apply: async ({ things, calls: log }) => {
      log.push(`apply ${id}`)
      things.set(id, current(id))
    },
    destroy: async ({ things, calls: log }) => {
      log.push(`destroy ${id}`)
      things.delete(id)
    },
    ...methods,
  }
}

export const SHALLOW: StepRuntime['look'] = { diff: false, deep: false }

export function lookOptions(overrides: Partial<LookOptions> = {}): LookOptions {
  return {
    signal: new AbortController().signal,
    emit: () => undefined,
    clock: testClock(),
    timeoutMs: 1_000,
    depth: SHALLOW,
    ...overrides,
  }
}

export function runOptions(overrides: Partial<Omit<RunOptions, 'looked'>> = {}): Omit<RunOptions, 'looked'> {
  return {
    concurrency: 4,
    failFast: false,
    signal: new AbortController().signal,
    emit: () => undefined,
    clock: testClock(),
    stepTimeoutMs: 60_000,
    ...overrides,
  }
}
