import type { GlobalFlags } from '../flags.ts'
import type { Host } from '../host.ts'
import { listenForStop } from '../run/stop.ts'

/** A result as text or as data, whichever was asked for. */
export function tellSupplies(
  { output }: GlobalFlags,
  host: Host,
  result: { readonly document: Readonly<Record<string, unknown>>; readonly lines: readonly string[] },
): void {
  host.stdout.write(
    output === 'text' ? `${result.lines.join('\n')}\n` : `${JSON.stringify(result.document, null, 2)}\n`,
  )
}

/** Runs `body` until it is done or somebody presses Ctrl-C. */
export async function untilStopped(host: Host, body: (signal: AbortSignal) => Promise<number>): Promise<number> {
  const stop = listenForStop(host, () => undefined)
  try {
    return await body(stop.signal)
  } finally {
    stop.dispose()
  }
}
