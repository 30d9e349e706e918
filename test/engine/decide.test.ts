import { describe, expect, it } from 'vitest'
import {
  type Answer,
  componentStates,
  type DecideOptions,
  decide,
  type OnExisting,
  questions,
} from '../../src/engine/decide.ts'
import { buildGraph } from '../../src/engine/graph.ts'
import type { Looked } from '../../src/engine/look.ts'
import type { Observation, StepState } from '../../src/engine/step.ts'
import { broken, cause, current, drifted, missing, SHALLOW, step, type TestStep } from './lab.ts'

const SEEN: Readonly<Record<StepState, Observation>> = {
  missing: missing('x'),
  current: current(),
  settling: { state: 'settling' },
  drifted: drifted('x'),
  broken: broken('x'),
  unknown: { state: 'unknown', cause },
  waiting: { state: 'waiting', on: ['other'] },
}

/** One component per name before the dot. */
function platform(states: Readonly<Record<string, StepState>>): { graph: ReturnType<typeof graphOf>; looked: Looked } {
  const ids = Object.keys(states)
  const observations = new Map(ids.map((id) => [id, SEEN[states[id] ?? 'unknown']]))
  return { graph: graphOf(ids), looked: { observations, off: new Map(), depth: SHALLOW } }
}

function graphOf(ids: readonly string[]) {
  return buildGraph(ids.map((id): TestStep => step(id, [], { component: id.split('.')[0] ?? id })))
}

function decisions(states: Readonly<Record<string, StepState>>, options: DecideOptions): Record<string, string> {
  const { graph, looked } = platform(states)
  return Object.fromEntries([...decide(graph, looked, options)].map(([id, { decision }]) => [id, decision]))
}

describe('the table of modes', () => {
  const rows: readonly [OnExisting, Readonly<Partial<Record<StepState, string>>>][] = [
    [
      'update',
      { missing: 'apply', current: 'leave', settling: 'wait', drifted: 'apply', broken: 'apply', unknown: 'fail' },
    ],
    [
      'skip-healthy',
      { missing: 'apply', current: 'leave', settling: 'wait', drifted: 'leave', broken: 'apply', unknown: 'fail' },
    ],
    [
      'skip',
      { missing: 'apply', current: 'leave', settling: 'leave', drifted: 'leave', broken: 'leave', unknown: 'fail' },
    ],
  ]
  it.each(rows)('%s', (onExisting, expected) => {
    for (const [state, decision] of Object.entries(expected)) {
      expect([state, decisions({ c: state as StepState }, { onExisting }).c]).toEqual([state, decision])
    }
  })

  const answered: readonly [Answer, Readonly<Partial<Record<StepState, string>>>][] = [
    [
      'proceed',
      { missing: 'apply', current: 'leave', settling: 'wait', drifted: 'apply', broken: 'apply', waiting: 'apply' },
    ],
    [
      'auto',
      { missing: 'apply', current: 'leave', settling: 'wait', drifted: 'leave', broken: 'apply', waiting: 'apply' },
    ],
    [
      'skip',
      { missing: 'leave', current: 'leave', settling: 'wait', drifted: 'leave', broken: 'leave', waiting: 'leave' },
    ],
  ]
  it.each(answered)('asked, and the answer is %s', (answer, expected) => {
    for (const [state, decision] of Object.entries(expected)) {
      const options: DecideOptions = { onExisting: 'ask', answers: new Map([['c', answer]]) }
      expect([state, decisions({ 'c.a': 'current', 'c.b': state as StepState }, options)['c.b']]).toEqual([
        state,
        decision,
      ])
    }
  })

  it('creates what nobody had to be asked about', () => {
    expect(decisions({ 'c.a': 'missing', 'c.b': 'waiting' }, { onExisting: 'ask' })).toEqual({
      'c.a': 'apply',
      'c.b': 'apply',
    })
  })

  it.each<[OnExisting, readonly StepState[]]>([
    ['update', ['missing', 'drifted', 'broken']],
    ['skip-healthy', ['missing', 'broken']],
    ['skip', ['missing']],
  ])('%s covers of what is known later', (onExisting, covers) => {
    const { graph, looked } = platform({ c: 'waiting' })
    expect(decide(graph, looked, { onExisting }).get('c')).toEqual({
      decision: 'apply',
      reason: 'known after other',
      covers,
    })
  })
})

describe('steps that are only needed', () => {
  it('are never changed, but awaited and looked at', () => {
    const states = { 'c.a': 'drifted', n: 'missing', m: 'settling', o: 'unknown', p: 'current' } as const
    expect(decisions(states, { onExisting: 'update', selected: new Set(['c.a']) })).toEqual({
      'c.a': 'apply',
      n: 'leave',
      m: 'wait',
      o: 'fail',
      p: 'leave',
    })
  })
})

describe('componentStates', () => {
  const order: readonly StepState[] = ['unknown', 'broken', 'drifted', 'waiting', 'missing', 'settling', 'current']

  it('takes the worst step', () => {
    for (const [index, worse] of order.entries()) {
      for (const better of order.slice(index)) {
        const { graph, looked } = platform({ 'c.a': better, 'c.b': worse })
        expect(componentStates(graph, looked)[0]?.state).toBe(worse)
      }
    }
  })

  it('leaves out components that are off', () => {
    const { graph, looked } = platform({ on: 'current', off: 'current' })
    const observations = new Map([...looked.observations].filter(([id]) => id === 'on'))
    expect(componentStates(graph, { ...looked, observations }).map(({ component }) => component)).toEqual(['on'])
  })
})

describe('questions', () => {
  it('are put for each component that exists, Proceed preset where it is broken', () => {
    const { graph, looked } = platform({
      fine: 'current',
      'part.a': 'current',
      'part.b': 'missing',
      rolling: 'settling',
      'sick.a': 'broken',
      'sick.b': 'drifted',
      fresh: 'missing',
      later: 'waiting',
      hidden: 'unknown',
    })
    const asked = questions(graph, looked).map((question) => [question.component, question.state, question.default])
    expect(asked).toEqual([
      ['fine', 'current', 'skip'],
      ['part', 'missing', 'skip'],
      ['rolling', 'settling', 'skip'],
      ['sick', 'broken', 'proceed'],
    ])
  })

  it('leave out components that are not selected', () => {
    const { graph, looked } = platform({ a: 'current', b: 'current' })
    expect(questions(graph, looked, new Set(['b'])).map(({ component }) => component)).toEqual(['b'])
  })
})
