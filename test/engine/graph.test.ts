import { describe, expect, it } from 'vitest'
import { buildGraph, GraphError } from '../../src/engine/graph.ts'
import { components, dependantsOutside, lackingNeeds, select, stepInfos } from '../../src/engine/selection.ts'
import { applied, goesAfter, ready } from '../../src/engine/step.ts'
import { current, missing, SHALLOW, step, type TestStep, world } from './lab.ts'

const ids = (steps: readonly TestStep[]): readonly string[] => steps.map(({ id }) => id)

const roles = step('roles', [], { component: 'irsa' })
const spaces = step('spaces')
const operator = step('operator', [applied(spaces), ready(roles)], { component: 'secrets' })
const store = step('store', [ready(operator)], { component: 'secrets' })
const app = step('app', [ready(store), applied(spaces)])

function refusal(build: () => unknown): GraphError {
  try {
    build()
  } catch (error) {
    if (error instanceof GraphError) return error
    throw error
  }
  throw new Error('was not refused')
}

describe('buildGraph', () => {
  it('closes over needs and puts them first', () => {
    expect(ids(buildGraph([app]).order)).toEqual(['spaces', 'roles', 'operator', 'store', 'app'])
  })

  it('keeps the given order where nothing else says', () => {
    expect(ids(buildGraph([step('b'), step('a'), step('c')]).order)).toEqual(['b', 'a', 'c'])
  })

  it('takes the same step twice for one', () => {
    expect(ids(buildGraph([spaces, operator, spaces]).order)).toEqual(['spaces', 'roles', 'operator'])
  })

  it('refuses two different steps with one id', () => {
    const error = refusal(() => buildGraph([app, step('spaces')]))
    expect(error.code).toBe('DuplicateStep')
    expect(error.message).toContain('"spaces"')
  })

  it('prints the path of a cycle', () => {
    const needs: { edge: 'ready'; step: TestStep }[] = []
    const a = step('a', needs)
    const b = step('b', [ready(a)])
    const c = step('c', [applied(b)])
    needs.push({ edge: 'ready', step: c })
    const error = refusal(() => buildGraph([step('free'), c]))
    expect(error.code).toBe('StepCycle')
    expect(error.message).toBe('steps need each other: c -> b -> a -> c')
  })

  it('refuses a step that needs itself', () => {
    const needs: { edge: 'applied'; step: TestStep }[] = []
    const self = step('self', needs)
    needs.push({ edge: 'applied', step: self })
    expect(refusal(() => buildGraph([self])).message).toContain('self -> self')
  })

  it('refuses a need that is not there, as an import cycle leaves it', () => {
    const hole = step('hole', [{ edge: 'ready', step: undefined as unknown as TestStep }])
    expect(refusal(() => buildGraph([hole])).code).toBe('MissingNeed')
  })

  it('knows dependants and the longest chain behind a step', () => {
    const graph = buildGraph([app])
    expect(graph.dependants('spaces')).toEqual([
      { edge: 'applied', id: 'operator' },
      { edge: 'applied', id: 'app' },
    ])
    expect(['app', 'store', 'operator', 'roles', 'spaces'].map((id) => graph.priority(id))).toEqual([
      0, 1000, 2000, 3000, 2001,
    ])
    expect(refusal(() => graph.get('nobody')).code).toBe('UnknownStep')
  })
})

describe('select', () => {
  const graph = buildGraph([app])

  it('takes everything when nothing is named', () => {
    const all = select(graph, [], { withNeeds: false })
    expect([...all.selected]).toEqual(ids(graph.order))
  })

  it('looks at what a component needs, and selects it only when told', () => {
    const without = select(graph, ['secrets'], { withNeeds: false })
    expect(ids(without.graph.order)).toEqual(['spaces', 'roles', 'operator', 'store'])
    expect([...without.selected]).toEqual(['operator', 'store'])
    const withNeeds = select(graph, ['secrets'], { withNeeds: true })
    expect([...withNeeds.selected]).toEqual(['spaces', 'roles', 'operator', 'store'])
  })

  it('names what is needed and not there', () => {
    const selection = select(graph, ['secrets'], { withNeeds: false })
    const observations = new Map([
      ['spaces', current()],
      ['roles', missing('role')],
      ['operator', missing('release')],
    ])
    expect(lackingNeeds(selection, { observations, off: new Map(), depth: SHALLOW })).toEqual([
      { step: 'roles', component: 'irsa', state: 'missing' },
    ])
  })

  it('names what would lose its needs', () => {
    expect(ids(dependantsOutside(graph, new Set(['operator', 'store'])))).toEqual(['app'])
    expect(dependantsOutside(graph, new Set(ids(graph.order)))).toEqual([])
  })

  it('takes an edge that only orders for no need', () => {
    const last = step('last', [goesAfter(app)])
    expect(ids(buildGraph([last]).order)).toEqual(['last'])
    expect(ids(buildGraph([last, app]).order).at(-1)).toBe('last')
    expect(dependantsOutside(buildGraph([app, last]), new Set(['app']))).toEqual([])
    expect(stepInfos(buildGraph([last]), world())[0]?.needs).toEqual([])
  })

  it('lists components and steps for those who only see events', () => {
    expect(components(graph)).toEqual(['spaces', 'irsa', 'secrets', 'app'])
    const off = step('mesh', [applied(spaces)], { off: () => 'no mesh is wanted' })
    expect(stepInfos(buildGraph([off]), world())).toEqual([
      { id: 'spaces', title: 'Set up spaces', component: 'spaces', needs: [] },
      {
        id: 'mesh',
        title: 'Set up mesh',
        component: 'mesh',
        needs: [{ edge: 'applied', id: 'spaces' }],
        off: 'no mesh is wanted',
      },
    ])
  })
})
