import type { PlanDocument } from '../../../src/ui/plan-schema.ts'
import { changedBetween, type State, writtenTo } from './effects.ts'
import type { Seen } from './recording-proxy.ts'

interface Done {
  readonly plan: Pick<PlanDocument, 'components'>
  /** Requests of the run to the API server. */
  readonly wrote: readonly Seen[]
  readonly before: State
  readonly after: State
}

/** What a run did that was not planned, and what was planned and did not come about. */
export function plannedAndDone({ plan, wrote, before, after }: Done) {
  const steps = plan.components.flatMap((component) => component.steps)
  const changes = steps.flatMap((step) => (step.changes ?? []).map((change) => ({ ...change, state: step.state })))
  const named = new Set(changes.map(({ target }) => target))
  const isHook = (name: string): boolean => named.has(`helm hook ${name.replace(/ .*\//, ' ')}`)
  // A hook that helm runs again may leave what it left before.
  const lasting = new Set(changes.filter(({ action }) => action !== 'run').map(({ target }) => target))
  // A release or a role that is made or repaired as a whole stands for its parts.
  const isWhole = (state: string): boolean => state === 'missing' || state === 'broken'
  const whole = new Set(changes.filter(({ state }) => isWhole(state)).map(({ target }) => target))
  const written = writtenTo(wrote)
  const isOwn = (name: string): boolean =>
    !(after.get(name) ?? before.get(name))?.isObject || written.has(name) || written.has(collectionOf(name))
  const wholeOf = (name: string): string =>
    after.get(name)?.release ?? before.get(name)?.release ?? / of (iam role .*)$/.exec(name)?.[1] ?? ''
  const changed = changedBetween(before, after)
  return {
    unplanned: changed.filter((name) => isOwn(name) && !named.has(name) && !isHook(name) && !whole.has(wholeOf(name))),
    undone: [...lasting].filter((name) => !changed.includes(name)),
  }
}

/** Where an object of this name is created. */
function collectionOf(name: string): string {
  const [kind, place = ''] = name.split(' ')
  return place.includes('/') ? `${kind} ${place.split('/')[0]}/*` : `${kind} *`
}
