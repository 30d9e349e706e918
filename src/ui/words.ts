import type { Outcome, RunEvent } from '../engine/events.ts'
import type { Cause, StepState } from '../engine/step.ts'
import { counted } from './layout.ts'
import type { Paint } from './paint.ts'

const PHASES: Readonly<Record<Extract<RunEvent, { type: 'step-started' }>['phase'], string>> = {
  apply: 'applying',
  ready: 'waiting until it is usable',
  destroy: 'removing',
}

/** What a step does in a phase, e.g. `applying`. */
export function phaseWords(phase: keyof typeof PHASES): string {
  return PHASES[phase]
}

/** A state in its colour. */
export function stateWord(state: StepState, paint: Paint): string {
  if (state === 'current') return paint.green(state)
  if (state === 'broken' || state === 'unknown') return paint.red(state)
  return state === 'missing' || state === 'waiting' ? paint.cyan(state) : paint.yellow(state)
}

/** An outcome in its colour. */
export function outcomeWord(outcome: Outcome, paint: Paint): string {
  if (outcome === 'done' || outcome === 'removed') return paint.green(outcome)
  if (outcome === 'failed' || outcome === 'stale') return paint.red(outcome)
  return outcome === 'blocked' || outcome === 'cancelled' ? paint.yellow(outcome) : paint.dim(outcome)
}

const OUTCOMES_IN_ORDER: readonly Outcome[] = [
  'done',
  'removed',
  'unchanged',
  'left',
  'failed',
  'stale',
  'blocked',
  'cancelled',
]

/** `3 done, 2 unchanged`; what is off is not counted. */
export function countWords(counts: Readonly<Partial<Record<Outcome, number>>>): string {
  const parts = OUTCOMES_IN_ORDER.flatMap((outcome) => {
    const count = counts[outcome] ?? 0
    return count === 0 ? [] : [`${count} ${outcome}`]
  })
  return parts.length === 0 ? counted(0, 'step') : parts.join(', ')
}

/** Message with its code, the tool's own words and the next command, a line each. */
export function causeLines(cause: Cause): readonly string[] {
  return [
    `${cause.message} (${cause.code})`,
    ...(cause.evidence ?? []).map((line) => `| ${line}`),
    ...(cause.hint === undefined ? [] : [`hint: ${cause.hint}`]),
  ]
}
