import { describe, expect, it } from 'vitest'
import { CancelledError } from '../../src/engine/bounded.ts'
import { buildGraph } from '../../src/engine/graph.ts'
import { look } from '../../src/engine/look.ts'
import { applied, ready } from '../../src/engine/step.ts'
import { controlled, current, drifted, lookOptions, recorder, settle, step, testClock, world } from './lab.ts'

const states = (looked: Awaited<ReturnType<typeof look>>): Record<string, string> =>
  Object.fromEntries([...looked.observations].map(([id, seen]) => [id, seen.state]))

describe('look', () => {
  it('runs all checks at once', async () => {
    const gate = controlled()
    let running = 0
    const check = async () => {
      running += 1
      await gate.promise
      return current()
    }
    const a = step('a', [], { check })
    const graph = buildGraph([a, step('b', [ready(a)], { check }), step('c', [], { check })])
    const looking = look(graph, world(), lookOptions())
    await settle()
    expect(running).toBe(3)
    gate.resolve()
    expect(states(await looking)).toEqual({ a: 'current', b: 'current', c: 'current' })
  })

  it('hands an output on as soon as its step has one', async () => {
    const role = step('role', [], { check: async () => current('arn:role') })
    const app = step('app', [ready(role)], { check: async (ctx) => current(`uses ${await ctx.output(role)}`) })
    const looked = await look(buildGraph([app]), world(), lookOptions())
    expect(looked.observations.get('app')).toEqual(current('uses arn:role'))
  })

  it('calls a check that needs more than is there waiting, transitively', async () => {
    const role = step('role')
    const uses = (need: typeof role) => ({
      check: async (ctx: Parameters<typeof role.check>[0]) => current(await ctx.output(need)),
    })
    const store = step('store', [ready(role)], uses(role))
    const app = step('app', [ready(store)], uses(store))
    const { emit, events } = recorder()
    const looked = await look(buildGraph([app]), world(), lookOptions({ emit }))
    expect(states(looked)).toEqual({ role: 'missing', store: 'waiting', app: 'waiting' })
    expect(looked.observations.get('app')).toEqual({ state: 'waiting', on: ['store'] })
    expect(events).toContainEqual({ type: 'step-looked', step: 'app', state: 'waiting', changes: [], on: ['store'] })
  })

  it.each([
    ['drifted with an output', { ...drifted('x'), out: 'o' }, 'current'],
    ['drifted without one', drifted('x'), 'waiting'],
    ['settling with an output', { state: 'settling', out: 'o' } as const, 'current'],
    ['settling without one', { state: 'settling' } as const, 'waiting'],
    ['unknown', { state: 'unknown', cause: { code: 'Denied', message: 'no' } } as const, 'waiting'],
  ])('%s', async (_name, seen, expected) => {
    const first = step('first', [], { check: async () => seen })
    const second = step('second', [ready(first)], { check: async (ctx) => current(await ctx.output(first)) })
    expect(states(await look(buildGraph([second]), world(), lookOptions())).second).toBe(expected)
  })

  it('takes a throw for unknown, never for missing', async () => {
    const denied = Object.assign(new Error('not allowed to list roles'), {
      code: 'AccessDenied',
      hint: 'allow iam:GetRole',
      cause: new Error('User: dev is not authorized'),
    })
    const failing = step('failing', [], { check: () => Promise.reject(denied) })
    const atOnce = step('at-once', [], {
      check: () => {
        throw new TypeError('bug')
      },
    })
    const looked = await look(buildGraph([failing, atOnce]), world(), lookOptions())
    expect(looked.observations.get('failing')).toEqual({
      state: 'unknown',
      cause: {
        code: 'AccessDenied',
        message: 'not allowed to list roles',
        evidence: ['User: dev is not authorized'],
        hint: 'allow iam:GetRole',
      },
    })
    expect(looked.observations.get('at-once')).toEqual({
      state: 'unknown',
      cause: { code: 'UnexpectedError', message: 'bug' },
    })
  })

  it('refuses an output that was not declared as a need', async () => {
    const role = step('role', [], { check: async () => current('arn') })
    const sly = step('sly', [], { check: async (ctx) => current(await ctx.output(role)) })
    const looked = await look(buildGraph([role, sly]), world(), lookOptions())
    expect(looked.observations.get('sly')).toMatchObject({ state: 'unknown', cause: { code: 'UndeclaredNeed' } })
  })

  it('does not look at steps that are off', async () => {
    const off = step('off', [], { off: () => 'not in this preset', check: () => Promise.reject(new Error('looked')) })
    const looked = await look(buildGraph([step('on', [applied(off)])]), world(), lookOptions())
    expect(states(looked)).toEqual({ on: 'missing' })
    expect(looked.off).toEqual(new Map([['off', 'not in this preset']]))
  })

  it('gives each check a deadline, and leaves no timer behind', async () => {
    const clock = testClock()
    const slow = step('slow', [], {
      check: (ctx) =>
        new Promise((_resolve, reject) => ctx.signal.addEventListener('abort', () => reject(new Error('x')))),
    })
    const looking = look(buildGraph([slow, step('quick')]), world(), lookOptions({ clock, timeoutMs: 1_000 }))
    await settle()
    await clock.advance(999)
    expect(clock.sleeping()).toBe(1)
    await clock.advance(1)
    const looked = await looking
    expect(looked.observations.get('slow')).toMatchObject({ cause: { code: 'DeadlineExceeded' } })
    expect(clock.sleeping()).toBe(0)
  })

  it('gives up on a check that is deaf to its signal', async () => {
    const clock = testClock()
    const deaf = step('deaf', [], { check: () => new Promise(() => undefined) })
    const looking = look(buildGraph([deaf]), world(), lookOptions({ clock, timeoutMs: 1_000 }))
    await settle()
    await clock.advance(1_000)
    await clock.advance(5_000)
    expect(states(await looking)).toEqual({ deaf: 'unknown' })
  })

  it('rejects when it is cancelled, after every check has ended', async () => {
    const abort = new AbortController()
    let ended = 0
    const check = (ctx: { signal: AbortSignal }) =>
      new Promise<never>((_resolve, reject) => {
        ctx.signal.addEventListener('abort', () => {
          ended += 1
          reject(new Error('aborted'))
        })
      })
    const graph = buildGraph([step('a', [], { check }), step('b', [], { check })])
    const { emit, events } = recorder()
    const looking = look(graph, world(), lookOptions({ signal: abort.signal, emit }))
    await settle()
    abort.abort()
    await expect(looking).rejects.toBeInstanceOf(CancelledError)
    expect(ended).toBe(2)
    expect(events.map(({ type }) => type)).toEqual(['look-started'])
  })

  it('tells how deep it looked, keeps getters of the context lazy, and passes reports on', async () => {
    const { emit, events } = recorder()
    let opened = 0
    const ctx = Object.defineProperty(world(), 'helm', { enumerable: true, get: () => (opened += 1) })
    const a = step('a', [], {
      check: async (own) => {
        own.report(`diff ${own.look.diff}`)
        return current()
      },
    })
    await look(buildGraph([a]), ctx, lookOptions({ emit, depth: { diff: true, deep: false } }))
    expect(opened).toBe(0)
    expect(events).toContainEqual({ type: 'step-progress', step: 'a', line: 'diff true' })
  })
})
