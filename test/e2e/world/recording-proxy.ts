import { once } from 'node:events'
import { createServer, type IncomingMessage, type Server, type ServerResponse } from 'node:http'
import type { AddressInfo, Socket } from 'node:net'
import type { Duplex } from 'node:stream'
import { outgoing, passUpgrade, type Upstream } from './upstream.ts'

/** A request as it went through, for comparing what a run wrote with what it said it would write. */
export interface Seen {
  readonly method: string
  readonly path: string
  /** AWS action (`X-Amz-Target` or form `Action`), or the Kubernetes verb and path. */
  readonly operation: string
  readonly userAgent: string
  /** The client's own; a proxy before an API server shows its certificate in its place. */
  readonly authorization: string
  /** What was sent; values of secrets are in it. */
  readonly body: string
  readonly write: boolean
  /** When it came, in milliseconds on the clock of `performance.now()`. */
  readonly at: number
  /** Of the API's answer, once it is there. */
  status?: number | undefined
}

/** An answer in the API's place. */
export interface Reply {
  readonly status: number
  readonly headers: Readonly<Record<string, string>>
  readonly body: string
}

export interface Hooks {
  /** Before it is sent on; a promise holds it back, and one that rejects cuts the connection. */
  before?(seen: Seen): void | Promise<void>
  /** An answer in the API's place, or its status in an API server's words: the upstream is not asked. */
  refuse?(seen: Seen): Reply | number | undefined
  /** The upstream has done it; the client has no answer yet, and gets none when this rejects. */
  after?(seen: Seen): void | Promise<void>
  /** Gives the answer another body; undefined lets it through as it streams. */
  rewrite?(seen: Seen): ((body: string) => string) | undefined
}

export interface RecordingProxy {
  readonly url: string
  readonly seen: Seen[]
  /** Bytes on the wire so far, heads included, both ways. */
  bytes(): number
  /** Cuts all connections, watches too; new ones are taken. */
  cut(): void
  close(): Promise<void>
}

const AWS_READS = /^(Get|List|Describe|AssumeRole)/

function awsOperation(request: IncomingMessage, body: Buffer): string | undefined {
  const target = request.headers['x-amz-target']
  if (typeof target === 'string') return target.split('.').pop()
  if (!request.headers['content-type']?.startsWith('application/x-www-form-urlencoded')) return undefined
  return new URLSearchParams(body.toString('utf8')).get('Action') ?? undefined
}

function describe(request: IncomingMessage, body: Buffer): Seen {
  const method = request.method ?? 'GET'
  const path = request.url ?? '/'
  const aws = awsOperation(request, body)
  // None of a dry run, a question about permissions and a token leaves anything behind.
  const leavesNothing =
    path.includes('dryRun=All') || /\/selfsubjectaccessreviews$|\/serviceaccounts\/[^/]+\/token$/.test(path)
  return {
    method,
    path,
    operation: aws ?? `${method} ${path.split('?')[0]}`,
    userAgent: request.headers['user-agent'] ?? '',
    authorization: request.headers.authorization ?? '',
    body: body.toString('utf8'),
    at: performance.now(),
    write: aws === undefined ? method !== 'GET' && method !== 'HEAD' && !leavesNothing : !AWS_READS.test(aws),
  }
}

const REASONS: Readonly<Record<number, readonly [reason: string, message: string]>> = {
  401: ['Unauthorized', 'Unauthorized'],
  403: ['Forbidden', 'forbidden by the test'],
  429: ['TooManyRequests', 'too many requests by the test'],
  500: ['InternalError', 'broken by the test'],
}

/** As an API server words it. */
export function refusal(code: number): Reply {
  const [reason, message] = REASONS[code] ?? ['ServiceUnavailable', 'down by the test']
  const body = JSON.stringify({ apiVersion: 'v1', kind: 'Status', status: 'Failure', code, reason, message })
  return { status: code, headers: { 'content-type': 'application/json' }, body }
}

async function read(stream: IncomingMessage): Promise<Buffer> {
  const chunks: Buffer[] = []
  for await (const chunk of stream) chunks.push(chunk as Buffer)
  return Buffer.concat(chunks)
}

/** One request, and the answer it waits for. */
interface Exchange {
  readonly client: IncomingMessage
  readonly answer: ServerResponse
}

function send(upstream: Upstream, { client, answer }: Exchange, body: Buffer): Promise<IncomingMessage> {
  return new Promise((resolve, reject) => {
    const out = outgoing(upstream, client)
    out.on('response', resolve)
    out.on('error', reject)
    answer.once('close', () => out.destroy())
    out.end(body)
  })
}

/** Counts what goes over a server's connections, those that are still open included. */
function countBytes(server: Server): () => number {
  const open = new Set<Socket>()
  let closed = 0
  const of = ({ bytesRead, bytesWritten }: Socket): number => bytesRead + bytesWritten
  server.on('connection', (socket) => {
    open.add(socket)
    socket.once('close', () => {
      open.delete(socket)
      closed += of(socket)
    })
  })
  return () => [...open].reduce((sum, socket) => sum + of(socket), closed)
}

/** Answers in the API's place. */
function answerWith(answer: ServerResponse, refused: Reply | number): void {
  const { status, headers, body } = typeof refused === 'number' ? refusal(refused) : refused
  answer.writeHead(status, headers).end(body)
}

/** Stands between the program and an API on loopback: records every request, and lets a test act at an exact one. */
export async function recordingProxy(upstream: Upstream, hooks: Hooks = {}): Promise<RecordingProxy> {
  const seen: Seen[] = []
  const server = createServer(async (client, answer) => {
    try {
      const body = await read(client)
      const entry = describe(client, body)
      seen.push(entry)
      await hooks.before?.(entry)
      const refused = hooks.refuse?.(entry)
      if (refused !== undefined) return answerWith(answer, refused)
      const reply = await send(upstream, { client, answer }, body)
      entry.status = reply.statusCode
      if (entry.write) await hooks.after?.(entry)
      const rewrite = hooks.rewrite?.(entry)
      if (rewrite) {
        const rewritten = Buffer.from(rewrite((await read(reply)).toString('utf8')))
        answer
          .writeHead(reply.statusCode ?? 502, { ...reply.headers, 'content-length': rewritten.length })
          .end(rewritten)
        return
      }
      answer.writeHead(reply.statusCode ?? 502, reply.headers)
      reply.pipe(answer)
      reply.on('error', () => answer.destroy())
    } catch {
      // The client or the upstream went away: a cut connection is what the program must see.
      answer.destroy()
    }
  })
  // The server forgets a connection that it has handed over.
  const upgraded = new Set<Duplex>()
  server.on('upgrade', (client: IncomingMessage, socket: Duplex, head: Buffer) => {
    seen.push(describe(client, Buffer.alloc(0)))
    upgraded.add(socket)
    socket.once('close', () => upgraded.delete(socket))
    passUpgrade(upstream, client, { socket, head })
  })
  const cut = () => {
    server.closeAllConnections()
    for (const socket of upgraded) socket.destroy()
  }
  const bytes = countBytes(server)
  server.listen(0, '127.0.0.1')
  await once(server, 'listening')
  const { port } = server.address() as AddressInfo
  const closed = once(server, 'close')
  return {
    url: `http://127.0.0.1:${port}`,
    seen,
    bytes,
    cut,
    close: async () => {
      cut()
      server.close()
      await closed
    },
  }
}
