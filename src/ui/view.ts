import type { RunEvent } from '../engine/events.ts'
import { plainEvent } from './harmless.ts'
import { createNdjsonView } from './ndjson.ts'
import { createPlainView } from './plain.ts'
import { createTreeView } from './tree.ts'

export type ViewKind = 'tree' | 'plain' | 'ndjson'

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

/** `tree` redraws a terminal, `plain` adds a line per event (for logs), `ndjson` writes every event as it is. */
export function createView(kind: ViewKind, options: ViewOptions): View {
  // JSON escapes what acts on a terminal by itself.
  if (kind === 'ndjson') return createNdjsonView(options)
  const view = kind === 'plain' ? createPlainView(options) : createTreeView(options)
  return { onEvent: (event) => view.onEvent(plainEvent(event)), close: () => view.close() }
}
