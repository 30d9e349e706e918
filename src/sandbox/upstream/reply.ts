import type { ServerResponse } from 'node:http'
import { setTimeout as sleep } from 'node:timers/promises'
import type { Fault } from './faults.ts'

/** A request that was read, and where its answer goes. */
export interface Call {
  readonly path: string
  readonly body: Readonly<Record<string, unknown>>
  readonly response: ServerResponse
}

export function sendJson(response: ServerResponse, status: number, body: object, headers: object = {}): void {
  response.writeHead(status, { 'content-type': 'application/json', ...headers })
  response.end(JSON.stringify(body))
}

/** Long enough that a reader sees a stream, short enough that nobody waits. */
const BETWEEN_PIECES_MS = 5

/** Writes the pieces one by one; a `cut` breaks the connection in the middle. */
export async function sendStream(
  response: ServerResponse,
  contentType: string,
  { parts, fault }: { readonly parts: readonly (string | Buffer)[]; readonly fault: Fault | undefined },
): Promise<void> {
  response.writeHead(200, { 'content-type': contentType })
  const until = fault?.kind === 'cut' ? Math.ceil(parts.length / 2) : parts.length
  for (const part of parts.slice(0, until)) {
    response.write(part)
    await sleep(BETWEEN_PIECES_MS)
  }
  if (fault?.kind === 'cut') response.destroy()
  else response.end()
}
