import { describe, expect, it } from 'vitest'
import { type DecideOptions, decide } from '../../src/engine/decide.ts'
import { buildGraph } from '../../src/engine/graph.ts'
import { look } from '../../src/engine/look.ts'
import { execute } from '../../src/engine/run.ts'
import { applied, ready } from '../../src/engine/step.ts'
import { deploy, outcomes, resultFor } from './deploying.ts'
import {
  broken,
  cause,
  controlled,
  current,
  drifted,
  lookOptions,
  type missing,
  recorder,
  runOptions,
  settle,
  step,
  testClock,
  world,
} from './lab.ts'

describe('steps left alone', () => {
  const need = (found: ReturnType<typeof missing>, edge: typeof ready | typeof applied) => {
    const base = step('base', [], { check: async () => found })
    return [base, step('app', [edge(base)])]
  }
  const skipped: DecideOptions = { onExisting: 'ask', answers: new Map([['base', 'skip']]) }

  it.each([
    ['current', current(), 'unchanged', 'done', 'done'],
    ['drifted', drifted('x'), 'left', 'blocked', 'done'],
    ['drifted but usable', { ...drifted('x'), out: undefined }, 'left', 'done', 'done'],
    ['broken', broken('x'), 'left', 'blocked', 'done'],
  ] as const)('hold edges when %s', async (_name, found, base, behindReady, behindApplied) => {
    expect(outcomes(await deploy(need(found, ready), world(), { decide: skipped }))).toEqual({ base, app: behindReady })
    expect(outcomes(await deploy(need(found, applied), world(), { decide: skipped }))).toEqual({
      base,
      app: behindApplied,
    })
  })

  it('that are missing hold no edge', async () => {
    const base = step('base')
    const decided: DecideOptions = { onExisting: 'update', selected: new Set(['app']) }
    const result = await deploy([step('app', [applied(base)])], world(), { decide: decided })
    expect(resultFor(result, 'app')).toMatchObject({ outcome: 'blocked', by: ['base'] })
    expect(result.ok).toBe(false)
  })

  it('still rolling out are awaited where that is decided, else they hold no ready edge', async () => {
    const own = world({ base: { state: 'settling' } })
    const base = step('base', [], { ready: async ({ things }) => void things.set('base', current()) })
    const steps = [step('app', [ready(base)])]
    const skip = await deploy(steps, own, { decide: { onExisting: 'skip' } })
    expect(outcomes(skip)).toEqual({ base: 'left', app: 'blocked' })
    const wait = await deploy(steps, own, { decide: { onExisting: 'update' } })
    expect(outcomes(wait)).toEqual({ base: 'unchanged', app: 'done' })
  })

  it('do not stop others that are left alone or only waited for', async () => {
    const own = world({ base: broken('x'), other: current(), rolling: { state: 'settling' } })
    const base = step('base')
    const rolling = step('rolling', [ready(base)], {
      ready: async ({ things }) => void things.set('rolling', current()),
    })
    const result = await deploy([step('other', [ready(base)]), rolling], own, { decide: skipped })
    expect(outcomes(result)).toEqual({ base: 'left', other: 'unchanged', rolling: 'unchanged' })
    expect(result.ok).toBe(true)
  })

  it('that are off hold every edge', async () => {
    const off = step('off', [], { off: () => 'not wanted' })
    expect(outcomes(await deploy([step('app', [ready(off)])], world()))).toEqual({ off: 'off', app: 'done' })
  })
})

describe('failures', () => {
  const failing = (id: string) => step(id, [], { apply: () => Promise.reject(new Error(`${id} is refused`)) })

  it('stop what depends on them, not the rest, and are all kept', async () => {
    const own = world()
    const a = failing('a')
    const b = failing('b')
    const steps = [step('a2', [ready(step('a1', [applied(a)]))]), step('both', [ready(a), ready(b)]), step('free')]
    const result = await deploy(steps, own)
    expect(outcomes(result)).toEqual({
      a: 'failed',
      b: 'failed',
      a1: 'blocked',
      a2: 'blocked',
      both: 'blocked',
      free: 'done',
    })
    expect(resultFor(result, 'a2')?.by).toEqual(['a1'])
    expect(resultFor(result, 'both')?.by).toEqual(['a'])
    expect([resultFor(result, 'a'), resultFor(result, 'b')].map((own) => own?.cause?.message)).toEqual([
      'a is refused',
      'b is refused',
    ])
    expect(own.calls).toEqual(['apply free'])
  })

  it('stop everything new with fail-fast, while what runs reaches its end', async () => {
    const own = world()
    const slow = controlled()
    const running = step('running', [], {
      apply: async ({ things }) => {
        await slow.promise
        things.set('running', current())
      },
    })
    const result = deploy([failing('a'), running, step('later')], own, { run: { failFast: true, concurrency: 2 } })
    await settle()
    slow.resolve()
    expect(outcomes(await result)).toEqual({ a: 'failed', running: 'done', later: 'blocked' })
    expect(own.calls).toEqual([])
  })

  it('of a wait count as failures of the step', async () => {
    const a = step('a', [], {
      ready: () => Promise.reject(Object.assign(new Error('pod crashes'), { code: 'CrashLoop' })),
    })
    expect(resultFor(await deploy([a], world()), 'a')).toMatchObject({
      outcome: 'failed',
      cause: { code: 'CrashLoop' },
    })
  })

  it('start nothing when something could not be looked at', async () => {
    const own = world({ dark: { state: 'unknown', cause } })
    const result = await deploy([step('dark'), step('free')], own)
    expect(outcomes(result)).toEqual({ dark: 'failed', free: 'blocked' })
    expect(own.calls).toEqual([])
  })

  it('come from the deadline too', async () => {
    const clock = testClock()
    const stuck = step('stuck', [], {
      apply: (ctx) =>
        new Promise((_resolve, reject) => ctx.signal.addEventListener('abort', () => reject(new Error('killed')))),
    })
    const running = deploy([stuck], world(), { run: { clock, stepTimeoutMs: 1_000 } })
    await settle()
    await clock.advance(1_000)
    const result = await running
    expect(resultFor(result, 'stuck')).toMatchObject({
      outcome: 'failed',
      elapsedMs: 1_000,
      cause: { code: 'DeadlineExceeded', message: 'apply of step "stuck" did not end within 1 s' },
    })
    expect(clock.sleeping()).toBe(0)
  })

  it('of the lock stop the run before anything is written', async () => {
    const own = world()
    const assertHeld = () => Promise.reject(Object.assign(new Error('the lock was lost'), { code: 'LockLost' }))
    const result = await deploy([step('a'), step('b')], own, { run: { assertHeld, concurrency: 1 } })
    expect(outcomes(result)).toEqual({ a: 'failed', b: 'blocked' })
    expect(resultFor(result, 'a')?.cause?.code).toBe('LockLost')
    expect(own.calls).toEqual([])
  })
})

describe('cancellation', () => {
  it('lets a change reach its end, and starts nothing new', async () => {
    const own = world()
    const abort = new AbortController()
    const writing = controlled()
    let aborted = false
    const a = step('a', [], {
      apply: async (ctx) => {
        ctx.signal.addEventListener('abort', () => {
          aborted = true
        })
        await writing.promise
        ctx.calls.push('written')
      },
      ready: async () => undefined,
    })
    const { emit, events } = recorder()
    const run = { signal: abort.signal, concurrency: 1, emit }
    const running = deploy([step('b', [ready(a)]), step('c')], own, { run })
    await settle()
    abort.abort()
    await settle()
    expect(own.calls).toEqual([])
    writing.resolve()
    const result = await running
    expect(own.calls).toEqual(['written'])
    expect(aborted).toBe(false)
    expect(events.filter((event) => 'phase' in event)).toEqual([{ type: 'step-started', step: 'a', phase: 'apply' }])
    expect(outcomes(result)).toEqual({ a: 'cancelled', b: 'cancelled', c: 'cancelled' })
    expect(result.ok).toBe(false)
  })

  it('ends waits at once', async () => {
    const abort = new AbortController()
    const a = step('a', [], {
      ready: (ctx) =>
        new Promise((_resolve, reject) => ctx.signal.addEventListener('abort', () => reject(new Error('x')))),
    })
    const running = deploy([a], world(), { run: { signal: abort.signal } })
    await settle()
    abort.abort()
    expect(outcomes(await running)).toEqual({ a: 'cancelled' })
  })

  it('ends changes too, the second time, even deaf ones after a grace', async () => {
    const clock = testClock()
    const hard = new AbortController()
    const polite = step('polite', [], {
      apply: (ctx) =>
        new Promise((_resolve, reject) => ctx.signal.addEventListener('abort', () => reject(new Error('x')))),
    })
    const deaf = step('deaf', [], { apply: () => new Promise(() => undefined) })
    const running = deploy([polite, deaf], world(), { run: { clock, hardSignal: hard.signal } })
    await settle()
    hard.abort()
    await settle()
    await clock.advance(5_000)
    expect(outcomes(await running)).toEqual({ polite: 'cancelled', deaf: 'cancelled' })
    expect(clock.sleeping()).toBe(0)
  })

  it('before the start starts nothing', async () => {
    const own = world({ done: current() })
    const abort = new AbortController()
    const graph = buildGraph([step('a'), step('done')])
    const looked = await look(graph, own, lookOptions())
    abort.abort()
    const decisions = decide(graph, looked, { onExisting: 'update' })
    const result = await execute(graph, own, { ...runOptions({ signal: abort.signal }), looked, decisions })
    expect(outcomes(result)).toEqual({ a: 'cancelled', done: 'unchanged' })
    expect(own.calls).toEqual([])
  })
})
