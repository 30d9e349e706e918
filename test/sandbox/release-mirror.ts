import { createHash } from 'node:crypto'
import { once } from 'node:events'
import { createServer, type IncomingMessage, type ServerResponse } from 'node:http'
import type { AddressInfo } from 'node:net'
import { gzipSync } from 'node:zlib'
import { pack } from 'tar-stream'

export interface ReleaseMirror {
  readonly url: string
  /** What is served by path; without the leading slash. */
  readonly files: Map<string, Buffer>
  /** Paths and ranges of all requests so far. */
  readonly requests: string[]
  /** Paths that are cut in the middle, and how many more times. */
  readonly cuts: Map<string, number>
  /** Paths that never answer. */
  readonly silent: Set<string>
  /** Paths whose next answer stops in the middle and is then found in `stopped`. */
  readonly held: Set<string>
  readonly stopped: Map<string, ServerResponse>
  readonly close: () => Promise<void>
}

export const sha256 = (content: Buffer): string => createHash('sha256').update(content).digest('hex')

/** A `.tar.gz` with these files. */
export async function archive(files: Readonly<Record<string, Buffer>>): Promise<Buffer> {
  const tar = pack()
  for (const [name, content] of Object.entries(files)) tar.entry({ name, mode: 0o755 }, content)
  tar.finalize()
  const chunks: Buffer[] = []
  for await (const chunk of tar as AsyncIterable<Buffer>) chunks.push(chunk)
  return gzipSync(Buffer.concat(chunks))
}

/** An HTTP server on 127.0.0.1 that serves files, honours ranges, and misbehaves on request. */
export async function openReleaseMirror(): Promise<ReleaseMirror> {
  const state = {
    files: new Map<string, Buffer>(),
    requests: [] as string[],
    cuts: new Map<string, number>(),
    silent: new Set<string>(),
    held: new Set<string>(),
    stopped: new Map<string, ServerResponse>(),
  }
  const server = createServer((request, response) => answer(state, request, response))
  server.listen(0, '127.0.0.1')
  await once(server, 'listening')
  return {
    ...state,
    url: `http://127.0.0.1:${(server.address() as AddressInfo).port}`,
    async close() {
      server.closeAllConnections()
      await new Promise((resolve) => server.close(resolve))
    },
  }
}

type State = Pick<ReleaseMirror, 'files' | 'requests' | 'cuts' | 'silent' | 'held' | 'stopped'>

function answer(state: State, request: IncomingMessage, response: ServerResponse): void {
  const path = (request.url ?? '').slice(1)
  state.requests.push([path, request.headers.range].filter(Boolean).join(' '))
  if (state.silent.has(path)) return
  const content = state.files.get(path)
  if (content === undefined) {
    response.writeHead(404).end()
    return
  }
  const from = Number(/^bytes=(\d+)-$/.exec(request.headers.range ?? '')?.[1] ?? 0)
  const rest = content.subarray(from)
  response.writeHead(from > 0 ? 206 : 200, {
    'content-length': rest.length,
    ...(from > 0 ? { 'content-range': `bytes ${from}-${content.length - 1}/${content.length}` } : {}),
  })
  if (state.held.delete(path)) {
    state.stopped.set(path, response)
    response.write(rest.subarray(0, Math.floor(rest.length / 2)))
    return
  }
  const cuts = state.cuts.get(path) ?? 0
  if (cuts === 0) {
    response.end(rest)
    return
  }
  state.cuts.set(path, cuts - 1)
  response.write(rest.subarray(0, Math.floor(rest.length / 2)), () => setImmediate(() => response.destroy()))
}
