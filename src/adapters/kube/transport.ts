import { type ClientRequest, request as httpRequest, type IncomingMessage } from 'node:http'
import { request as httpsRequest } from 'node:https'
import { promisify } from 'node:util'
import { gunzip } from 'node:zlib'
import type { Server } from './connection.ts'

/** One HTTP call. */
export interface HttpCall {
  readonly method: 'GET' | 'POST' | 'PATCH' | 'DELETE'
  /** Absolute path, encoded. */
  readonly path: string
  readonly query?: Readonly<Record<string, string | undefined>>
  readonly body?: unknown
  readonly contentType?: string
  /** JSON unless told. */
  readonly accept?: string
  readonly signal?: AbortSignal | undefined
  readonly deadlineMs?: number
}

export interface HttpAnswer {
  readonly status: number
  readonly retryAfterMs?: number
  readonly text: string
}

/** The call ended without an answer. `code` is node's, e.g. `ECONNRESET`, or `Deadline`. */
export class NoAnswer extends Error {
  readonly code: string

  constructor(code: string, message: string, cause?: unknown) {
    super(message, { cause })
    this.name = 'NoAnswer'
    this.code = code
  }
}

/** A webhook may take up to 30 s (the API's maximum) before the server itself answers. */
const DEADLINE_MS = 35_000

const unzip = promisify(gunzip)

/** The whole answer, whatever its status. @throws NoAnswer, or the reason of `call.signal` */
export async function exchange(server: Server, call: HttpCall): Promise<HttpAnswer> {
  const limit = within(call.signal, call.deadlineMs ?? DEADLINE_MS)
  try {
    const message = await open(server, { ...call, signal: limit.signal }, 'call')
    const chunks: Buffer[] = []
    for await (const chunk of message) chunks.push(chunk as Buffer)
    const raw = Buffer.concat(chunks)
    const body = message.headers['content-encoding'] === 'gzip' ? await unzip(raw) : raw
    const after = Number(message.headers['retry-after'])
    return {
      status: message.statusCode ?? 0,
      text: body.toString('utf8'),
      ...(Number.isFinite(after) ? { retryAfterMs: after * 1000 } : {}),
    }
  } catch (error) {
    call.signal?.throwIfAborted()
    throw limit.late() ? new NoAnswer('Deadline', `no answer within ${limit.ms / 1000} s`) : noAnswer(error)
  } finally {
    limit.end()
  }
}

/** Resolves when the headers have come; the body is the caller's to read. */
export async function open(server: Server, call: HttpCall, use: 'call' | 'watch'): Promise<IncomingMessage> {
  const { headers, agent } = await server.authorize(use)
  const url = new URL(server.url)
  url.pathname = `${url.pathname.replace(/\/$/, '')}${call.path}`
  for (const [name, value] of Object.entries(call.query ?? {}))
    if (value !== undefined) url.searchParams.set(name, value)
  const body = call.body === undefined ? undefined : JSON.stringify(call.body)
  const content = body === undefined ? {} : { 'content-type': call.contentType ?? 'application/json' }
  const length = body === undefined ? {} : { 'content-length': String(Buffer.byteLength(body)) }
  const encoding = use === 'call' ? { 'accept-encoding': 'gzip' } : {}
  const { accept = 'application/json' } = call
  const request = url.protocol === 'http:' ? httpRequest : httpsRequest
  return await new Promise((resolve, reject) => {
    const sent: ClientRequest = request(url, {
      method: call.method,
      agent,
      headers: { accept, 'user-agent': 'llmgw', ...encoding, ...content, ...length, ...headers },
      ...(call.signal === undefined ? {} : { signal: call.signal }),
    })
    sent.on('response', resolve)
    sent.on('error', reject)
    sent.end(body)
  })
}

/** The error of a call that got no answer, with a message even where node gives none. */
export function noAnswer(error: unknown): unknown {
  if (!(error instanceof Error) || !('code' in error)) return error
  if ('exitCode' in error) return error
  const first = error instanceof AggregateError ? error.errors[0] : error
  const message = first instanceof Error && first.message !== '' ? first.message : String(error.code)
  return new NoAnswer(String(error.code), message, error)
}

/** A signal that aborts with `signal` or after `ms`. Not AbortSignal.any: it leaks on long-lived signals in Node 20. */
function within(signal: AbortSignal | undefined, ms: number) {
  const controller = new AbortController()
  let late = false
  const abort = (): void => controller.abort(signal?.reason)
  const timer = setTimeout(() => {
    late = true
    controller.abort()
  }, ms)
  if (signal?.aborted) abort()
  else signal?.addEventListener('abort', abort, { once: true })
  return {
    ms,
    signal: controller.signal,
    late: (): boolean => late,
    end(): void {
      clearTimeout(timer)
      signal?.removeEventListener('abort', abort)
    },
  }
}
