import { describe, expect, it } from 'vitest'
import { buildGraph } from '../../src/engine/graph.ts'
import { look } from '../../src/engine/look.ts'
import type { RunResult } from '../../src/engine/result.ts'
import type { RunOptions } from '../../src/engine/run.ts'
import { applied, ready } from '../../src/engine/step.ts'
import { teardown } from '../../src/engine/teardown.ts'
import {
  controlled,
  current,
  lookOptions,
  recorder,
  runOptions,
  settle,
  step,
  type TestStep,
  type World,
  world,
} from './lab.ts'

async function destroy(
  steps: readonly TestStep[],
  own: World,
  wish: { readonly run?: Partial<Omit<RunOptions, 'looked'>>; readonly selected?: readonly string[] } = {},
): Promise<RunResult> {
  const graph = buildGraph(steps)
  const looked = await look(graph, own, lookOptions())
  const selected = new Set(wish.selected ?? graph.order.map(({ id }) => id))
  return await teardown(graph, own, { ...runOptions(wish.run), looked, selected })
}

const outcomes = (result: RunResult): Record<string, string> =>
  Object.fromEntries(result.steps.map(({ id, outcome }) => [id, outcome]))
const there = (...ids: string[]): World => world(Object.fromEntries(ids.map((id) => [id, current(id)])))

describe('teardown', () => {
  it('removes dependants before what they need, and what is independent at once', async () => {
    const own = there('base', 'left', 'right', 'top')
    const gone = controlled()
    const base = step('base')
    const left = step('left', [ready(base)])
    const right = step('right', [applied(base)])
    const slow = step('top', [ready(left), ready(right)], {
      destroy: async ({ calls }) => {
        await gone.promise
        calls.push('destroy top')
      },
    })
    const running = destroy([slow], own)
    await settle()
    expect(own.calls).toEqual([])
    gone.resolve()
    expect(await running).toMatchObject({ ok: true, counts: { removed: 4 } })
    expect(own.calls[0]).toBe('destroy top')
    expect(own.calls.at(-1)).toBe('destroy base')
    expect([...own.calls].sort()).toEqual(['destroy base', 'destroy left', 'destroy right', 'destroy top'])
  })

  it('keeps what a step needs when its removal fails, and goes on elsewhere', async () => {
    const own = there('base', 'app', 'free')
    const base = step('base')
    const app = step('app', [ready(base)], { destroy: () => Promise.reject(new Error('finalizer hangs')) })
    const result = await destroy([app, step('free')], own)
    expect(outcomes(result)).toEqual({ base: 'blocked', app: 'failed', free: 'removed' })
    expect(result.steps.find(({ id }) => id === 'base')?.by).toEqual(['app'])
    expect(result.steps.find(({ id }) => id === 'app')?.cause?.message).toBe('finalizer hangs')
    expect(result.ok).toBe(false)
  })

  it('leaves what is not selected, off, or has nothing to remove, and says so', async () => {
    const own = there('base', 'app')
    const { emit, events } = recorder()
    const { destroy: _none, ...kept } = step('kept')
    const off = step('off', [], { off: () => 'not wanted' })
    const result = await destroy([step('app', [ready(step('base'))]), kept, off], own, {
      selected: ['app', 'kept', 'off'],
      run: { emit },
    })
    expect(outcomes(result)).toEqual({ base: 'left', app: 'removed', kept: 'left', off: 'off' })
    expect(events).toContainEqual({
      type: 'note',
      level: 'info',
      message: '"Set up kept" has nothing of its own to remove',
    })
    expect(own.calls).toEqual(['destroy app'])
  })

  it('also calls the removal of what is missing: a dead run may have left parts of it', async () => {
    const own = world()
    expect(await destroy([step('a')], own)).toMatchObject({ ok: true, counts: { unchanged: 1 } })
    expect(own.calls).toEqual(['destroy a'])
  })

  it('writes nothing without the lock', async () => {
    const own = there('a', 'b')
    const assertHeld = () => {
      throw new Error('the lock was lost')
    }
    const result = await destroy([step('a'), step('b')], own, { run: { assertHeld, concurrency: 1 } })
    expect(outcomes(result)).toEqual({ a: 'blocked', b: 'failed' })
    expect(own.calls).toEqual([])
  })

  it('starts no removal after a cancellation, and lets the running one end', async () => {
    const own = there('base', 'app')
    const abort = new AbortController()
    const going = controlled()
    const app = step('app', [ready(step('base'))], { destroy: () => going.promise })
    const running = destroy([app], own, { run: { signal: abort.signal } })
    await settle()
    abort.abort()
    going.resolve()
    expect(outcomes(await running)).toEqual({ base: 'cancelled', app: 'removed' })
    expect(own.calls).toEqual([])
  })
})
