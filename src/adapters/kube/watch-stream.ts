import type { KubeObject, ListQuery } from '../../ports/kube.ts'
import { type Asked, asObject, readEvent } from './documents.ts'
import { describeRef, refusal } from './errors.ts'
import { pathOf, type Resource } from './kinds.ts'
import { selectors } from './list.ts'
import { type Rest, statusOf, translate } from './rest.ts'
import { noAnswer, open } from './transport.ts'

/** What came through a watch. */
export type WatchEvent =
  | { readonly type: 'ADDED' | 'MODIFIED' | 'DELETED'; readonly object: KubeObject }
  | { readonly type: 'BOOKMARK'; readonly object: KubeObject }
  /** The server cannot go on from our resourceVersion (410): list anew. */
  | { readonly type: 'EXPIRED' }

/** The server ends a watch after this long, so a dead connection is noticed soon after. */
const WATCH_SECONDS = 240
const SILENCE_MS = (WATCH_SECONDS + 15) * 1000

export interface WatchOptions {
  readonly resource: Resource
  readonly resourceVersion: string
  readonly signal: AbortSignal
}

/** One watch request, until the server, the network or `signal` ends it. @throws our errors, also for a cut stream */
export async function* watchOnce(rest: Rest, query: ListQuery, options: WatchOptions): AsyncGenerator<WatchEvent> {
  const attempt = { verb: 'watch', object: describeRef({ kind: query.kind, namespace: query.namespace }) }
  const controller = new AbortController()
  const abort = (): void => controller.abort()
  options.signal.addEventListener('abort', abort, { once: true })
  if (options.signal.aborted) abort()
  const timer = setTimeout(abort, SILENCE_MS)
  try {
    const message = await open(
      rest.server,
      {
        method: 'GET',
        path: pathOf({ apiVersion: query.apiVersion, namespace: query.namespace }, options.resource),
        query: {
          ...selectors(query),
          watch: 'true',
          allowWatchBookmarks: 'true',
          resourceVersion: options.resourceVersion,
          timeoutSeconds: String(WATCH_SECONDS),
        },
        signal: controller.signal,
      },
      'watch',
    )
    message.setEncoding('utf8')
    const status = message.statusCode ?? 0
    if (status === 410) yield { type: 'EXPIRED' }
    else if (status !== 200) throw refusal(statusOf({ status, text: await readAll(message) }), attempt)
    else for await (const line of lines(message)) yield decode(line, query, { server: rest.server, attempt })
  } catch (error) {
    if (!options.signal.aborted) throw translate(noAnswer(error), rest.server, attempt)
  } finally {
    clearTimeout(timer)
    options.signal.removeEventListener('abort', abort)
    controller.abort()
  }
}

async function readAll(message: AsyncIterable<string>): Promise<string> {
  let text = ''
  for await (const chunk of message) text += chunk
  return text
}

async function* lines(chunks: AsyncIterable<string>): AsyncGenerator<string> {
  let rest = ''
  for await (const chunk of chunks) {
    const parts = (rest + chunk).split('\n')
    rest = parts.pop() ?? ''
    for (const part of parts) if (part !== '') yield part
  }
}

function decode(line: string, query: ListQuery, asked: Asked): WatchEvent {
  const { type, object } = readEvent(line, asked)
  if (type === 'ERROR') {
    const { code, message } = object
    if (code === 410) return { type: 'EXPIRED' }
    const status = {
      code: typeof code === 'number' ? code : 500,
      message: typeof message === 'string' ? message : undefined,
    }
    throw refusal(status, asked.attempt)
  }
  // A bookmark has no name: it is no object of the list.
  const known = type === 'BOOKMARK' ? (object as unknown as KubeObject) : asObject(object, asked)
  return { type: type as 'ADDED', object: { ...known, apiVersion: query.apiVersion, kind: query.kind } }
}
