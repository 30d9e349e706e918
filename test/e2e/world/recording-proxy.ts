import { once } from 'node:events'
import {
  createServer,
  request as httpRequest,
  type IncomingMessage,
  type OutgoingHttpHeaders,
  type ServerResponse,
} from 'node:http'
import { request as httpsRequest } from 'node:https'
import type { AddressInfo } from 'node:net'

/** Where a proxy sends what it gets; `tls` holds the client's identity for an API server. */
export interface Upstream {
  readonly url: string
  readonly tls?: { readonly ca: string; readonly cert: string; readonly key: string }
}

/** A request as it went through, for comparing what a run wrote with what it said it would write. */
export interface Seen {
  readonly method: string
  readonly path: string
  /** AWS action (`X-Amz-Target` or form `Action`), or the Kubernetes verb and path. */
  readonly operation: string
  readonly userAgent: string
  /** The client's own; a proxy before an API server shows its certificate in its place. */
  readonly authorization: string
  readonly write: boolean
}

export interface Hooks {
  /** Before it is sent on; a promise holds it back. */
  before?(seen: Seen): void | Promise<void>
  /** Status of an answer in the API's place: the upstream is not asked. */
  refuse?(seen: Seen): number | undefined
  /** The upstream has done it; the client has no answer yet. */
  after?(seen: Seen): void | Promise<void>
  /** Gives the answer another body; undefined lets it through as it streams. */
  rewrite?(seen: Seen): ((body: string) => string) | undefined
}

export interface RecordingProxy {
  readonly url: string
  readonly seen: Seen[]
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
  // Neither a dry run nor a question about permissions leaves anything behind.
  const dryRun = path.includes('dryRun=All') || path.endsWith('/selfsubjectaccessreviews')
  return {
    method,
    path,
    operation: aws ?? `${method} ${path.split('?')[0]}`,
    userAgent: request.headers['user-agent'] ?? '',
    authorization: request.headers.authorization ?? '',
    write: aws === undefined ? method !== 'GET' && method !== 'HEAD' && !dryRun : !AWS_READS.test(aws),
  }
}

/** As an API server words it. */
function refusal(code: number): unknown {
  const [reason, message] =
    code === 403 ? ['Forbidden', 'forbidden by the test'] : ['ServiceUnavailable', 'down by the test']
  return { apiVersion: 'v1', kind: 'Status', status: 'Failure', code, reason, message }
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
  const url = new URL(client.url ?? '/', upstream.url)
  const headers: OutgoingHttpHeaders = { ...client.headers, host: url.host }
  if (upstream.tls) delete headers.authorization
  const open = url.protocol === 'https:' ? httpsRequest : httpRequest
  return new Promise((resolve, reject) => {
    const out = open(url, { method: client.method, headers, ...upstream.tls }, resolve)
    out.on('error', reject)
    answer.once('close', () => out.destroy())
    out.end(body)
  })
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
      if (refused !== undefined) {
        answer.writeHead(refused, { 'content-type': 'application/json' }).end(JSON.stringify(refusal(refused)))
        return
      }
      const reply = await send(upstream, { client, answer }, body)
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
  server.listen(0, '127.0.0.1')
  await once(server, 'listening')
  const { port } = server.address() as AddressInfo
  const closed = once(server, 'close')
  return {
    url: `http://127.0.0.1:${port}`,
    seen,
    close: async () => {
      server.closeAllConnections()
      server.close()
      await closed
    },
  }
}
