import { describe, expect, it } from 'vitest'
import { applied, goesAfter, type Observation, ready } from '../../src/engine/step.ts'
import { deploy, outcomes, resultFor } from './deploying.ts'
import {
  broken,
  cause,
  controlled,
  create,
  current,
  drifted,
  missing,
  recorder,
  settle,
  step,
  update,
  world,
} from './lab.ts'

describe('execute', () => {
  it('applies in order of needs, and the second time nothing', async () => {
    const own = world()
    const a = step('a')
    const steps = [step('c', [ready(a)]), step('b', [applied(a)])]
    const first = await deploy(steps, own)
    expect(own.calls[0]).toBe('apply a')
    expect(first).toMatchObject({ ok: true, counts: { done: 3 } })
    own.calls.length = 0
    const second = await deploy(steps, own)
    expect(own.calls).toEqual([])
    expect(second).toMatchObject({ ok: true, counts: { unchanged: 3 } })
  })

  it('tells the whole story of a step, and each end once', async () => {
    const { emit, events } = recorder()
    const a = step('a', [], { ready: async (ctx) => ctx.report('1 of 1 ready') })
    await deploy([a], world(), { run: { emit } })
    expect(events.map((event) => JSON.stringify(event))).toEqual(
      [
        { type: 'step-decided', step: 'a', decision: 'apply', reason: 'missing' },
        { type: 'step-started', step: 'a', phase: 'apply' },
        { type: 'step-applied', step: 'a' },
        { type: 'step-started', step: 'a', phase: 'ready' },
        { type: 'step-progress', step: 'a', line: '1 of 1 ready' },
        { type: 'step-finished', step: 'a', outcome: 'done', elapsedMs: 0 },
      ].map((event) => JSON.stringify(event)),
    )
  })

  it('starts behind an applied edge while the need is still rolling out, behind a ready edge only after', async () => {
    const usable = controlled<string>()
    const own = world()
    const base = step('base', [], { ready: () => usable.promise })
    const running = deploy([step('early', [applied(base)]), step('late', [ready(base)])], own)
    await settle()
    expect(own.calls).toEqual(['apply base', 'apply early'])
    usable.resolve('up')
    await running
    expect(own.calls).toEqual(['apply base', 'apply early', 'apply late'])
  })

  it('has its turn after what it comes after, whatever that was left like, but not after its failure', async () => {
    const usable = controlled<string>()
    const own = world({ left: drifted('x') })
    const base = step('base', [], { ready: () => usable.promise })
    const left = step('left')
    const running = deploy([base, left, step('last', [goesAfter(base), goesAfter(left)])], own, {
      decide: { onExisting: 'skip' },
    })
    await settle()
    expect(own.calls).toEqual(['apply base'])
    usable.resolve('up')
    await running
    expect(own.calls).toEqual(['apply base', 'apply last'])
    const bad = step('bad', [], { ready: () => Promise.reject(new Error('no')) })
    expect(outcomes(await deploy([bad, step('last', [goesAfter(bad)])], world()))).toEqual({
      bad: 'failed',
      last: 'blocked',
    })
  })

  it('neither waits for nor brings what it comes after, where that is no part of the run', async () => {
    const own = world()
    const result = await deploy([step('last', [goesAfter(step('base'))])], own)
    expect(outcomes(result)).toEqual({ last: 'done' })
    expect(own.calls).toEqual(['apply last'])
  })

  it('holds no slot while it waits', async () => {
    const usable = controlled<string>()
    const own = world()
    const waits = step('waits', [], { ready: () => usable.promise })
    const running = deploy([waits, step('next')], own, { run: { concurrency: 1 } })
    await settle()
    expect(own.calls).toEqual(['apply waits', 'apply next'])
    usable.resolve('up')
    expect((await running).ok).toBe(true)
  })

  it('takes the critical path first', async () => {
    const own = world()
    const root = step('root')
    const steps = [step('leaf'), step('end', [ready(step('middle', [ready(root)]))])]
    await deploy(steps, own, { run: { concurrency: 1 } })
    expect(own.calls[0]).toBe('apply root')
  })

  it('gives dependants what ready gave', async () => {
    const own = world()
    const url = step('url', [], { ready: async () => 'http://litellm' })
    const app = step('app', [applied(url)], {
      check: async (ctx) => (ctx.things.has('app') ? current() : missing(`for ${await ctx.output(url)}`)),
      apply: async (ctx, seen) => {
        ctx.calls.push(JSON.stringify(seen))
        ctx.things.set('app', current())
      },
    })
    expect((await deploy([app], own)).ok).toBe(true)
    expect(own.calls).toEqual(['apply url', JSON.stringify(missing('for http://litellm'))])
  })
})

describe('what was agreed', () => {
  it('holds when the same changes are found again', async () => {
    const result = await deploy([step('a')], world({ a: drifted('x') }))
    expect(outcomes(result)).toEqual({ a: 'done' })
  })

  it('ends a step as stale, unwritten, when more would change', async () => {
    const own = world({ a: drifted('x') })
    const more = { state: 'drifted', changes: [update('x'), create('y')] } as const
    const a = step('a')
    const result = await deploy([a, step('b', [ready(a)]), step('c')], own, {
      meanwhile: ({ things }) => things.set('a', more),
    })
    expect(outcomes(result)).toEqual({ a: 'stale', b: 'blocked', c: 'done' })
    expect(own.calls).toEqual(['apply c'])
    expect(resultFor(result, 'a')?.cause).toMatchObject({ code: 'StalePlan', evidence: ['not agreed: create y'] })
    expect(resultFor(result, 'b')?.by).toEqual(['a'])
    expect(result.ok).toBe(false)
  })

  it('is given up when another action is due on the same thing', async () => {
    const result = await deploy([step('a')], world({ a: drifted('x') }), {
      meanwhile: ({ things }) => things.set('a', missing('x')),
    })
    expect(outcomes(result)).toEqual({ a: 'stale' })
  })

  it('writes nothing to what has become current meanwhile', async () => {
    const own = world()
    const result = await deploy([step('a')], own, { meanwhile: ({ things }) => things.set('a', current('x')) })
    expect(outcomes(result)).toEqual({ a: 'unchanged' })
    expect(own.calls).toEqual([])
  })

  it('only waits for what has started to roll out meanwhile', async () => {
    const own = world()
    const a = step('a', [], { ready: async ({ things }) => things.set('a', current()) })
    const result = await deploy([a], own, { meanwhile: ({ things }) => things.set('a', { state: 'settling' }) })
    expect(outcomes(result)).toEqual({ a: 'done' })
    expect(own.calls).toEqual([])
  })

  it('fails on what cannot be looked at any more', async () => {
    const own = world()
    const result = await deploy([step('a')], own, {
      meanwhile: ({ things }) => things.set('a', { state: 'unknown', cause }),
    })
    expect(resultFor(result, 'a')).toMatchObject({ outcome: 'failed', cause })
    expect(own.calls).toEqual([])
  })

  const late = (found: ReturnType<typeof missing>) => {
    const first = step('first')
    return step('late', [ready(first)], {
      check: async (ctx) => {
        await ctx.output(first)
        return ctx.things.get('late') ?? found
      },
    })
  }
  it.each([
    ['update', missing('x'), 'done'],
    ['update', drifted('x'), 'done'],
    ['skip-healthy', drifted('x'), 'left'],
    ['skip-healthy', broken('x'), 'done'],
    ['skip', missing('x'), 'done'],
    ['skip', broken('x'), 'left'],
  ] as const)('of a waiting step, by %s', async (onExisting, found, expected) => {
    const result = await deploy([late(found)], world(), { decide: { onExisting } })
    expect(outcomes(result)).toEqual({ first: 'done', late: expected })
  })
})

describe('a step that was left alone, when something it needs is changed', () => {
  /** `base` is changed, and leaves `middle` as given; `top` stands on `middle` alone. */
  const chain = (becomes: Observation | undefined) => {
    const base = step('base', [], {
      apply: async ({ things, calls }) => {
        calls.push('apply base')
        things.set('base', current())
        if (becomes) things.set('middle', becomes)
      },
    })
    const middle = step('middle', [ready(base)], { ready: async ({ things }) => void things.set('middle', current()) })
    return [base, middle, step('top', [ready(middle)])]
  }
  const asLooked = () => world({ base: drifted('x'), middle: current(), top: broken('z') })

  it('is looked at again, and what stands on it waits: direct needs are not all', async () => {
    const own = asLooked()
    const usable = controlled()
    const [base, ...rest] = chain(undefined)
    if (base) base.ready = () => usable.promise
    const running = deploy([...(base ? [base] : []), ...rest], own)
    await settle()
    expect(own.calls).toEqual(['apply base'])
    usable.resolve()
    expect(outcomes(await running)).toEqual({ base: 'done', middle: 'unchanged', top: 'done' })
    expect(own.calls).toEqual(['apply base', 'apply top'])
  })

  it('is awaited when it rolls out again, without a change of its own', async () => {
    const own = asLooked()
    expect(outcomes(await deploy(chain({ state: 'settling' }), own))).toEqual({
      base: 'done',
      middle: 'unchanged',
      top: 'done',
    })
    expect(own.calls).toEqual(['apply base', 'apply top'])
  })

  it.each([
    ['update', drifted('y'), 'done'],
    ['update', broken('y'), 'done'],
    ['skip-healthy', broken('y'), 'done'],
    ['skip-healthy', drifted('y'), 'left'],
  ] as const)('by %s, having become %o, is %s', async (onExisting, becomes, expected) => {
    const own = world({ base: broken('x'), middle: current(), top: current() })
    const result = await deploy(chain(becomes), own, { decide: { onExisting } })
    expect(outcomes(result)).toMatchObject({ base: 'done', middle: expected })
    expect(own.calls.includes('apply middle')).toBe(expected === 'done')
  })

  it('is not changed beyond a plan that is kept to the letter', async () => {
    const own = asLooked()
    const result = await deploy(chain(drifted('y')), own, { run: { exact: true } })
    expect(outcomes(result)).toEqual({ base: 'done', middle: 'stale', top: 'blocked' })
    expect(own.calls).toEqual(['apply base'])
  })

  it('is never changed when it is only needed', async () => {
    const own = asLooked()
    const wish = { decide: { onExisting: 'update', selected: new Set(['base', 'top']) } } as const
    const result = await deploy(chain(broken('y')), own, wish)
    expect(outcomes(result)).toEqual({ base: 'done', middle: 'left', top: 'blocked' })
    expect(own.calls).toEqual(['apply base'])
  })

  it('is blocked, and what stands on it, when the change fails', async () => {
    const own = asLooked()
    const [base, ...rest] = chain(undefined)
    if (base) base.apply = () => Promise.reject(new Error('no'))
    const result = await deploy([...(base ? [base] : []), ...rest], own)
    expect(outcomes(result)).toEqual({ base: 'failed', middle: 'blocked', top: 'blocked' })
  })

  it('fails when it cannot be looked at any more', async () => {
    const result = await deploy(chain({ state: 'unknown', cause }), asLooked())
    expect(resultFor(result, 'middle')).toMatchObject({ outcome: 'failed', cause })
  })

  it('is not looked at again when nothing it needs moves', async () => {
    let looks = 0
    const lone = step('lone', [ready(step('below'))], {
      check: async () => {
        looks += 1
        return current()
      },
    })
    await deploy([lone, step('other')], world({ below: current() }))
    expect(looks).toBe(1)
  })
})

describe('convergence', () => {
  it('fails when the step still differs, and says how', async () => {
    const a = step('a', [], { apply: async () => undefined })
    const result = await deploy([a], world({ a: drifted('x') }))
    expect(resultFor(result, 'a')).toMatchObject({
      outcome: 'failed',
      cause: {
        code: 'NotConverged',
        message: 'step "a" is still drifted after it was applied',
        evidence: ['update x'],
      },
    })
  })

  it('fails with the cause of what is broken afterwards', async () => {
    const a = step('a', [], { apply: async ({ things }) => void things.set('a', broken('x')) })
    expect(resultFor(await deploy([a], world()), 'a')).toMatchObject({ outcome: 'failed', cause })
  })

  it('waits once more for what settles again, and no more than once', async () => {
    let waits = 0
    const rolling = (until: number) =>
      step('a', [], {
        apply: async ({ things }) => void things.set('a', { state: 'settling' }),
        ready: async ({ things }) => {
          waits += 1
          if (waits === until) things.set('a', current())
        },
      })
    expect(outcomes(await deploy([rolling(2)], world()))).toEqual({ a: 'done' })
    expect(waits).toBe(2)
    waits = 0
    expect(resultFor(await deploy([rolling(3)], world()), 'a')?.cause?.code).toBe('NotConverged')
  })
})
