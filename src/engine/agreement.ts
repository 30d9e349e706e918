import type { End } from './schedule.ts'
import type { Cause, Change, Observation, StepState } from './step.ts'

/** What a second look allows: `apply` within what was agreed, `await` what rolls out by itself, or an end without a write. */
export type Admission = 'apply' | 'await' | End

export interface Terms {
  /** For a step that could not be looked at before: the states in which it is changed. */
  readonly covers?: readonly StepState[] | undefined
  /** Values of fields, too, must be those that were agreed on: a plan that was kept is run as it stands. */
  readonly exact?: boolean | undefined
}

/** Compares what was agreed on with what is there now. */
export function admit(agreed: Observation, now: Observation, { covers = [], exact = false }: Terms = {}): Admission {
  switch (now.state) {
    case 'current':
      return { outcome: 'unchanged' }
    case 'settling':
      return 'await'
    case 'unknown':
      return { outcome: 'failed', cause: now.cause }
    case 'waiting':
      return { outcome: 'blocked', by: now.on }
    default:
      return agreed.state === 'waiting' ? admitCovered(now, covers) : admitAgreed(agreed, now.changes, exact)
  }
}

function admitCovered(now: Observation, covers: readonly StepState[]): Admission {
  return covers.includes(now.state) ? 'apply' : { outcome: 'left', seen: now }
}

function admitAgreed(agreed: Observation, changes: readonly Change[], exact: boolean): Admission {
  const beyond = beyondAgreed(agreed, changes, exact)
  return beyond.length === 0 ? 'apply' : { outcome: 'stale', cause: stale(beyond) }
}

/** The changes that were not agreed on; with `exact`, also those of which a value is another one. */
export function beyondAgreed(agreed: Observation, changes: readonly Change[], exact: boolean): readonly Change[] {
  const key = exact ? exactKey : changeKey
  const known = new Set('changes' in agreed ? agreed.changes.map(key) : [])
  return changes.filter((change) => !known.has(key(change)))
}

/** A plan is agreed by target and action; values of fields may move in between. */
function changeKey(change: Change): string {
  return `${change.action} ${change.target}`
}

/** Texts about a change may be worded anew by the next look, what it writes may not. */
function exactKey(change: Change): string {
  const fields = (change.fields ?? []).map(({ path, before = null, after = null }) => [path, before, after])
  return JSON.stringify([changeKey(change), change.inputs ?? null, fields])
}

function stale(beyond: readonly Change[]): Cause {
  return {
    code: 'StalePlan',
    message: 'changed since it was planned, so nothing was written',
    evidence: beyond.map((change) => `not agreed: ${changeKey(change)}`),
    hint: 'run the command again to see and agree on the new changes',
  }
}

/** Why a step that was changed is still not as wanted. */
export function notConverged(id: string, seen: Exclude<Observation, { state: 'current' }>): Cause {
  if (seen.state === 'broken' || seen.state === 'unknown') return seen.cause
  return {
    code: 'NotConverged',
    message: `step "${id}" is still ${seen.state} after it was applied`,
    evidence: stillDiffers(seen),
    hint: 'see what differs with: llmgw plan',
  }
}

function stillDiffers(seen: Observation): readonly string[] {
  if (seen.state === 'waiting') return seen.on.map((id) => `waits for step "${id}"`)
  return 'changes' in seen ? seen.changes.flatMap(changeLines) : []
}

function changeLines(change: Change): readonly string[] {
  const fields = (change.fields ?? []).map(
    ({ path, before, after }) => `  ${path}: ${brief(before)} -> ${brief(after)}`,
  )
  return [changeKey(change), ...fields.slice(0, MOST_FIELDS)]
}

/** More is seen with `llmgw diff`. */
const LONGEST_VALUE = 120
const MOST_FIELDS = 20

function brief(value = '(absent)'): string {
  const line = value.replaceAll('\n', '\\n')
  return line.length > LONGEST_VALUE ? `${line.slice(0, LONGEST_VALUE)}…` : line
}
