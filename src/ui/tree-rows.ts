import type { Outcome, RunEvent, StepInfo } from '../engine/events.ts'
import { duration } from './layout.ts'
import type { Paint } from './paint.ts'
import { outcomeWord, phaseWords } from './words.ts'

/** One step of the tree, followed through its events. */
export interface Row {
  readonly info: StepInfo
  phase: 'waiting' | 'apply' | 'ready' | 'destroy'
  /** Milliseconds since the epoch. */
  startedAt: number | undefined
  line: string | undefined
  end:
    | { readonly outcome: Outcome; readonly elapsedMs: number; readonly by: readonly string[]; readonly why: string }
    | undefined
}

/** A row for a step that has not started. */
export function createRow(info: StepInfo): Row {
  return { info, phase: 'waiting', startedAt: undefined, line: undefined, end: undefined }
}

/** Takes over what an event says about the step. */
export function updateRow(row: Row, event: RunEvent): void {
  switch (event.type) {
    case 'step-started':
      row.phase = event.phase
      row.startedAt ??= event.at
      row.line = undefined
      return
    case 'step-progress':
      row.line = event.line
      return
    case 'step-finished': {
      const { outcome, elapsedMs, by = [], cause } = event
      row.end = { outcome, elapsedMs, by, why: cause?.message ?? '' }
      return
    }
    default:
  }
}

/** Status of a row at `now`; `pending` are the ids that have not ended. */
export function rowStatus(
  row: Row,
  now: { readonly at: number; readonly pending: ReadonlySet<string> },
  paint: Paint,
): string {
  if (row.end !== undefined) return endStatus(row.end, paint)
  if (row.phase === 'waiting') return paint.dim(waitStatus(row.info, now.pending))
  const elapsed = duration(Math.max(0, now.at - (row.startedAt ?? now.at)))
  return paint.dim(`${phaseWords(row.phase)}, ${elapsed}`)
}

function endStatus({ outcome, elapsedMs, by }: NonNullable<Row['end']>, paint: Paint): string {
  const names = by.length === 0 ? '' : ` by ${by.join(', ')}`
  return `${outcomeWord(outcome, paint)}${names}${elapsedMs === 0 ? '' : paint.dim(`, ${duration(elapsedMs)}`)}`
}

function waitStatus({ needs }: StepInfo, pending: ReadonlySet<string>): string {
  const open = needs.filter((need) => pending.has(need.id)).map((need) => need.id)
  return open.length === 0 ? 'waits for its turn' : `waits for ${open.join(', ')}`
}
