import { describe, expect, test } from 'vitest'
import type { PlanDocument } from '../../../src/ui/plan-schema.ts'
import type { State } from './effects.ts'
import { plannedAndDone } from './planned-and-done.ts'
import type { Seen } from './recording-proxy.ts'

const patch = (path: string): Seen => ({
  method: 'PATCH',
  path,
  operation: `PATCH ${path}`,
  userAgent: 'llmgw',
  authorization: '',
  body: '',
  write: true,
  at: 0,
})
const object = (value: unknown, release?: string) => ({ value, isObject: true, ...(release && { release }) })
const state = (things: Record<string, ReturnType<typeof object>>): State => new Map(Object.entries(things))
type Steps = PlanDocument['components'][number]['steps']
const planOf = (...steps: Steps) => ({ components: [{ component: 'redis', state: 'drifted' as const, steps }] })
const update = (target: string) => ({ action: 'update' as const, target })

const DEPLOYMENT = 'deployment litellm/litellm'
const before = state({ [DEPLOYMENT]: object(1), 'configmap litellm/x': object(1, 'helm release litellm/litellm') })
const after = state({ [DEPLOYMENT]: object(2), 'configmap litellm/x': object(2, 'helm release litellm/litellm') })
const wrote = [
  patch('/apis/apps/v1/namespaces/litellm/deployments/litellm'),
  patch('/api/v1/namespaces/litellm/configmaps/x'),
]

describe('the comparison of a plan with what came of it', () => {
  test('finds what was not planned', () => {
    const plan = planOf({ id: 'redis', state: 'drifted', changes: [update(DEPLOYMENT)] })
    expect(plannedAndDone({ plan, wrote, before, after })).toEqual({ unplanned: ['configmap litellm/x'], undone: [] })
  })

  test('finds what was planned and did not come about', () => {
    const plan = planOf({ id: 'redis', state: 'drifted', changes: [update(DEPLOYMENT), update('service litellm/y')] })
    const same = state({ [DEPLOYMENT]: object(2) })
    expect(plannedAndDone({ plan, wrote, before: state({ [DEPLOYMENT]: object(1) }), after: same })).toEqual({
      unplanned: [],
      undone: ['service litellm/y'],
    })
  })

  test('takes a release that is made whole for its objects, and not one that is changed', () => {
    const changes = [update('helm release litellm/litellm'), update(DEPLOYMENT)]
    const whole = planOf({ id: 'redis', state: 'missing', changes })
    const changed = planOf({ id: 'redis', state: 'drifted', changes })
    expect(plannedAndDone({ plan: whole, wrote, before, after }).unplanned).toEqual([])
    expect(plannedAndDone({ plan: changed, wrote, before, after }).unplanned).toEqual(['configmap litellm/x'])
  })

  test('leaves out what a controller wrote, and refuses kinds that nobody looks at', () => {
    const plan = planOf()
    expect(plannedAndDone({ plan, wrote: [], before, after }).unplanned).toEqual([])
    const strange = [patch('/apis/example.com/v1/namespaces/litellm/widgets/x')]
    expect(() => plannedAndDone({ plan, wrote: strange, before, after })).toThrow(/widgets/)
  })
})
