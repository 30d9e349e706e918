import type { Host } from '../host.ts'

/** How a run is stopped from outside. */
export interface Stop {
  /** First Ctrl-C or SIGTERM, or the run's deadline: nothing new starts. */
  readonly signal: AbortSignal
  /** Second one: everything ends at once. */
  readonly hardSignal: AbortSignal
  /** Stops as the first Ctrl-C does. */
  stop(reason: string): void
  dispose(): void
}

/** What ignores even the hard signal is left behind after this. */
const LAST_RESORT_MS = 10_000
const CANCELLED = 130

/** Listens for Ctrl-C and SIGTERM until disposed. */
export function listenForStop(host: Host, tell: (line: string) => void): Stop {
  const soft = new AbortController()
  const hard = new AbortController()
  let lastResort: NodeJS.Timeout | undefined
  const onSignal = () => {
    if (!soft.signal.aborted) {
      soft.abort()
      tell('stopping: waiting for changes under way to reach a safe point; once more stops at once')
      return
    }
    if (hard.signal.aborted) return
    hard.abort()
    tell('stopping at once')
    lastResort = setTimeout(() => host.exit(CANCELLED), LAST_RESORT_MS)
    lastResort.unref()
  }
  const unlisten = host.onStop(onSignal)
  return {
    signal: soft.signal,
    hardSignal: hard.signal,
    stop(reason) {
      if (soft.signal.aborted) return
      soft.abort()
      tell(reason)
    },
    dispose() {
      unlisten()
      clearTimeout(lastResort)
    },
  }
}
