import type { Outcome, RunEvent, StepInfo } from '../engine/events.ts'
import type { Cause, StepState } from '../engine/step.ts'

export interface RecordedStep extends StepInfo {
  readonly state?: StepState
  readonly outcome?: Outcome
  /** Why it was left as it is. */
  readonly reason?: string
  readonly elapsedMs: number
  readonly cause?: Cause
  readonly by?: readonly string[]
}

export type RecordedCheck = Extract<RunEvent, { type: 'check-finished' }>

/** What ended a run before its report. */
export interface RecordedError {
  readonly code: string
  readonly message: string
  readonly cause?: string
  readonly hint?: string
}

/** What is worth keeping of a run, for reports that are written at its end. */
export interface RunRecord {
  readonly command: string
  /** Milliseconds since the epoch. */
  readonly startedAt: number
  readonly elapsedMs: number
  /** Absent when the run broke off, or only looked. */
  readonly ok?: boolean
  /** Without those that this configuration does not have. */
  readonly steps: readonly RecordedStep[]
  readonly checks: readonly RecordedCheck[]
  readonly warnings: readonly string[]
  readonly error?: RecordedError
}

/** `record` with what an event tells. */
export function recorded(record: RunRecord, event: RunEvent): RunRecord {
  const elapsedMs = Math.max(record.elapsedMs, event.at - record.startedAt)
  return { ...record, elapsedMs, ...told(record, event) }
}

function told(record: RunRecord, event: RunEvent): Partial<RunRecord> {
  switch (event.type) {
    case 'run-started':
      return { steps: started(event.steps) }
    case 'prune-started':
      return { steps: [...record.steps, ...started(event.steps)] }
    case 'note':
      return event.level === 'warning' ? { warnings: [...record.warnings, event.message] } : {}
    case 'check-finished':
      return { checks: [...record.checks, event] }
    case 'run-finished':
      return { ok: event.ok }
    default:
      return 'step' in event ? { steps: record.steps.map((step) => stepTold(step, event)) } : {}
  }
}

function started(steps: readonly StepInfo[]): readonly RecordedStep[] {
  return steps.filter(({ off }) => off === undefined).map((step) => ({ ...step, elapsedMs: 0 }))
}

function stepTold(step: RecordedStep, event: Extract<RunEvent, { step: string }>): RecordedStep {
  if (event.step !== step.id) return step
  switch (event.type) {
    case 'step-looked':
      return { ...step, state: event.state, ...(event.cause && { cause: event.cause }) }
    case 'step-decided':
      return { ...step, reason: event.reason }
    case 'step-finished': {
      const { outcome, elapsedMs, cause, by } = event
      const { cause: _asLooked, ...rest } = step
      return { ...rest, outcome, elapsedMs, ...(cause && { cause }), ...(by && { by }) }
    }
    default:
      return step
  }
}
