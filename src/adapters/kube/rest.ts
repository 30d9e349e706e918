import pRetry from 'p-retry'
import { type FollowCall, followDelays } from '../delays.ts'
import { readShared } from '../shared-reads.ts'
import type { Server } from './connection.ts'
import { readFields } from './documents.ts'
import { type ApiStatus, type Attempt, refusal, unreachable } from './errors.ts'
import { exchange, type HttpAnswer, type HttpCall, NoAnswer } from './transport.ts'

/** A call to the API server with what it means. */
export interface RestCall extends HttpCall {
  readonly attempt: Attempt
  /** Whether doing it twice is the same as once, so that a lost answer may be asked for again. */
  readonly idempotent: boolean
  /** Statuses that the caller reads itself, beside 2xx. */
  readonly expect?: readonly number[]
}

interface RestAnswer extends HttpAnswer {
  /** How often it was asked; more than 1 = an earlier answer was lost or refused as temporary. */
  readonly tries: number
}

export interface RetryPolicy {
  readonly retries: number
  readonly minTimeoutMs: number
}

export interface Rest {
  readonly server: Server
  call(call: RestCall): Promise<RestAnswer>
  json<T>(call: RestCall): Promise<T>
}

/** Nobody is told. */
const UNHEARD = followDelays(() => undefined)

const RETRY: RetryPolicy = { retries: 4, minTimeoutMs: 200 }

/** A server that asks for more patience than this is better reported. */
const LONGEST_RETRY_AFTER_MS = 10_000

/** Nothing was sent: safe to repeat whatever it is. */
const NOT_SENT = new Set(['ECONNREFUSED', 'EAI_AGAIN', 'EHOSTUNREACH', 'ENETUNREACH'])
const LOST = new Set(['ECONNRESET', 'EPIPE', 'ETIMEDOUT', 'ECONNABORTED'])

/** Refused with a status nobody expected. */
class Refused extends Error {
  readonly answer: HttpAnswer

  constructor(answer: HttpAnswer) {
    super(`HTTP ${answer.status}`)
    this.answer = answer
  }
}

/** Calls with deadlines and retries; every failure is one of our errors. */
export function createRest(server: Server, retry: RetryPolicy = RETRY, follow: FollowCall = UNHEARD): Rest {
  const ask = async (request: RestCall): Promise<RestAnswer> => {
    let tries = 0
    const attempts = follow((error) => translate(error, server, request.attempt))
    const once = async (): Promise<RestAnswer> => {
      tries += 1
      const answer = await exchange(server, request)
      const fine = (answer.status >= 200 && answer.status < 300) || request.expect?.includes(answer.status)
      if (!fine) throw new Refused(answer)
      return { ...answer, tries }
    }
    try {
      return await pRetry(once, {
        retries: retry.retries,
        minTimeout: retry.minTimeoutMs,
        randomize: true,
        ...(request.signal === undefined ? {} : { signal: request.signal }),
        shouldRetry: ({ error }) => isTransient(error, request.idempotent),
        onFailedAttempt: ({ error, retriesLeft }) => {
          attempts.failed(error)
          return patience(error, retriesLeft, request)
        },
      })
    } catch (error) {
      request.signal?.throwIfAborted()
      throw translate(error, server, request.attempt)
    } finally {
      attempts.end()
    }
  }
  const call = (request: RestCall): Promise<RestAnswer> =>
    request.method === 'GET'
      ? readShared(server, { key: keyOf(request), signal: request.signal }, () => ask(request))
      : ask(request)
  return {
    server,
    call,
    json: async <T>(request: RestCall): Promise<T> =>
      readFields((await call(request)).text, { server, attempt: request.attempt }) as T,
  }
}

/** What makes two reads the same. */
const keyOf = ({ path, query = {}, accept = '', expect = [], deadlineMs = 0 }: RestCall): string =>
  JSON.stringify([path, query, accept, expect, deadlineMs])

function isTransient(error: unknown, idempotent: boolean): boolean {
  if (error instanceof NoAnswer) return NOT_SENT.has(error.code) || (idempotent && LOST.has(error.code))
  if (!(error instanceof Refused)) return false
  const { status, text, retryAfterMs = 0 } = error.answer
  if (retryAfterMs > LONGEST_RETRY_AFTER_MS) return false
  // A webhook that times out has had its time; one that refuses connections may be a second from ready.
  const webhookTimedOut = text.includes('failed calling webhook') && /deadline exceeded|timeout/i.test(text)
  return status === 429 || (idempotent && status >= 500 && status !== 501 && !webhookTimedOut)
}

/** Waits as long as Retry-After asks, on top of the back-off. */
async function patience(error: unknown, retriesLeft: number, { signal, idempotent }: RestCall): Promise<void> {
  if (retriesLeft === 0 || !(error instanceof Refused) || !isTransient(error, idempotent)) return
  const { retryAfterMs = 0 } = error.answer
  if (retryAfterMs === 0) return
  await new Promise<void>((resolve) => {
    const done = (): void => {
      clearTimeout(timer)
      signal?.removeEventListener('abort', done)
      resolve()
    }
    const timer = setTimeout(done, retryAfterMs)
    signal?.addEventListener('abort', done)
  })
}

/** Our error for whatever ended a call. */
export function translate(error: unknown, server: Server, attempt: Attempt): unknown {
  if (error instanceof Refused) return refusal(statusOf(error.answer), attempt)
  if (error instanceof NoAnswer) return unreachable(server.url.origin, attempt, error.message)
  return error
}

/** The `Status` of an answer; a proxy in between may have written something else. */
export function statusOf({ status, text }: Pick<HttpAnswer, 'status' | 'text'>): ApiStatus {
  try {
    const body: unknown = JSON.parse(text)
    if (typeof body === 'object' && body !== null && 'kind' in body && body.kind === 'Status') {
      const { reason, message } = body as { reason?: unknown; message?: unknown }
      return {
        code: status,
        ...(typeof reason === 'string' ? { reason } : {}),
        ...(typeof message === 'string' ? { message } : {}),
      }
    }
  } catch {
    // Not JSON: the status line is all we know, and foreign HTML is no help to anybody.
  }
  return { code: status }
}
