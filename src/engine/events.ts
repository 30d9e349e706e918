import type { Cause, Change, Orphan, StepState } from './step.ts'

/** Version of the event stream; raised when a field is removed or changes its meaning. */
export const EVENTS_VERSION = 1

/** What the run does with a step. `fail`: could not look, so nothing is started. */
export type Decision = 'apply' | 'wait' | 'leave' | 'destroy' | 'fail'

/** How a step ended. `stale`: changed since the plan, not written. `blocked`: something it needs did not work. */
export type Outcome = 'unchanged' | 'left' | 'done' | 'removed' | 'failed' | 'stale' | 'blocked' | 'cancelled' | 'off'

export interface StepInfo {
  readonly id: string
  readonly title: string
  readonly component: string
  readonly needs: readonly { readonly edge: 'applied' | 'ready' | 'after'; readonly id: string }[]
  /** Reason why this configuration has no such step. */
  readonly off?: string
}

interface Stamp {
  /** Milliseconds since the epoch. */
  readonly at: number
}

/** Everything a run tells. The engine and the run emit these; views draw them; nothing else prints. */
export type RunEvent = Stamp &
  (
    | { readonly type: 'run-started'; readonly command: string; readonly steps: readonly StepInfo[] }
    | { readonly type: 'note'; readonly level: 'info' | 'warning'; readonly message: string }
    | { readonly type: 'look-started' }
    | {
        readonly type: 'step-looked'
        readonly step: string
        readonly state: StepState
        readonly changes: readonly Change[]
        readonly cause?: Cause
        readonly on?: readonly string[]
      }
    | { readonly type: 'look-finished'; readonly elapsedMs: number }
    | { readonly type: 'step-decided'; readonly step: string; readonly decision: Decision; readonly reason: string }
    | { readonly type: 'step-started'; readonly step: string; readonly phase: 'apply' | 'ready' | 'destroy' }
    | { readonly type: 'step-progress'; readonly step: string; readonly line: string }
    | { readonly type: 'step-applied'; readonly step: string }
    | {
        readonly type: 'step-finished'
        readonly step: string
        readonly outcome: Outcome
        readonly elapsedMs: number
        readonly cause?: Cause
        readonly by?: readonly string[]
      }
    /** What lies beneath a failure, from the symptom to the root; told at the end of the run, while everything is as the failure left it. */
    | { readonly type: 'step-diagnosed'; readonly step: string; readonly causes: readonly Cause[] }
    /** What carries our mark and is no longer wanted; told when it was looked for. */
    | { readonly type: 'orphans-found'; readonly orphans: readonly Orphan[] }
    /** Orphans are being removed; their steps follow. */
    | { readonly type: 'prune-started'; readonly steps: readonly StepInfo[] }
    | {
        readonly type: 'check-finished'
        readonly check: string
        readonly component: string
        readonly result: 'pass' | 'warn' | 'fail' | 'skip'
        readonly found: string
        readonly hint?: string
        /** What the check proves, in words. */
        readonly title?: string
        readonly elapsedMs?: number
      }
    | {
        readonly type: 'run-finished'
        readonly ok: boolean
        readonly elapsedMs: number
        readonly counts: Readonly<Partial<Record<Outcome, number>>>
      }
  )

/** Last line of a stream that ended in an error instead of a `run-finished`. */
export interface ErrorEvent extends Stamp {
  readonly type: 'error'
  /** Stable PascalCase name that `llmgw explain` knows. */
  readonly code: string
  readonly message: string
  readonly cause?: string
  readonly hint?: string
  readonly exitCode: number
}

/** `Omit` that keeps the union apart. */
type WithoutStamp<E> = E extends unknown ? Omit<E, 'at'> : never

/** Where events go; the emitter stamps them. Must not throw. */
export type Emit = (event: WithoutStamp<RunEvent>) => void
