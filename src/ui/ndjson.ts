import { EVENTS_VERSION } from '../engine/events.ts'
import { redact } from '../secret.ts'
import type { View, ViewOptions } from './run-view.ts'

/** One JSON document per line and event, each with the version of the event stream. */
export function createNdjsonView({ stdout }: ViewOptions): View {
  return {
    onEvent: (event) => {
      stdout.write(`${JSON.stringify({ version: EVENTS_VERSION, ...event }, redactStrings)}\n`)
    },
    close: () => Promise.resolve(),
  }
}

/** Before encoding: a secret with a quote or a backslash in it looks different inside JSON. */
function redactStrings(_key: string, value: unknown): unknown {
  return typeof value === 'string' ? redact(value) : value
}
