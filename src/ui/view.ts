import { plainEvent } from './harmless.ts'
import { createNdjsonView } from './ndjson.ts'
import { createPlainView } from './plain.ts'
import type { View, ViewOptions } from './run-view.ts'
import { createTreeView } from './tree.ts'

export type ViewKind = 'tree' | 'plain' | 'ndjson'

/** `tree` redraws a terminal, `plain` adds a line per event (for logs), `ndjson` writes every event as it is. */
export function createView(kind: ViewKind, options: ViewOptions): View {
  // JSON escapes what acts on a terminal by itself.
  if (kind === 'ndjson') return createNdjsonView(options)
  const view = kind === 'plain' ? createPlainView(options) : createTreeView(options)
  return { onEvent: (event) => view.onEvent(plainEvent(event)), close: () => view.close() }
}
