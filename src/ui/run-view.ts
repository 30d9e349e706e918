import type { RunEvent } from '../engine/events.ts'

/** Draws a run. Secret values are masked in everything a view writes. */
export interface View {
  onEvent(event: RunEvent): void
  /** Leaves the terminal as it was found; resolves when everything is written. Also right after a run that broke off. */
  close(): Promise<void>
}

export interface ViewOptions {
  /** Results: the event stream of `ndjson`. */
  readonly stdout: NodeJS.WritableStream
  /** Progress: `tree` and `plain`. */
  readonly stderr: NodeJS.WritableStream & { readonly columns?: number | undefined }
  readonly colors: boolean
  /** `short`: a failure in one line, where a result follows that tells its whole cause. Only `plain` has a choice. */
  readonly causes: 'short' | 'full'
}
