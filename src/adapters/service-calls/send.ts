import { type ClientRequest, request as httpRequest, type IncomingMessage } from 'node:http'
import { request as httpsRequest } from 'node:https'
import type { Socket } from 'node:net'
import type { Duplex } from 'node:stream'
import { StepError } from '../../errors.ts'
import type { HttpAnswer, HttpAsk } from '../../ports/service-calls.ts'
import { simulated } from './simulated-pod.ts'

/** Where a call goes: an address, or a connection that somebody makes for each call. */
export type Route =
  | { readonly kind: 'endpoint'; readonly url: string }
  | {
      readonly kind: 'pod'
      readonly title: string
      readonly port: number
      readonly component: string
      readonly open: (signal: AbortSignal) => Promise<Duplex>
      /** Asked only where nobody answered: whether there is nobody who could. */
      readonly isSimulated: (signal: AbortSignal) => Promise<boolean>
    }

/** A model may think for a while before it says anything. */
export const ANSWER_WITHIN_MS = 120_000

/** The answer as soon as it begins. @throws StepError ServiceUnreachable, PodSimulated, and what opening the way throws */
export async function send(route: Route, ask: HttpAsk, signal: AbortSignal): Promise<IncomingMessage> {
  try {
    return await answerTo(route, ask, signal)
  } catch (error) {
    signal.throwIfAborted()
    // What cannot be looked at is no simulation.
    if (route.kind === 'pod' && (await route.isSimulated(signal).catch(() => false))) throw simulated(route)
    throw error
  }
}

async function answerTo(route: Route, ask: HttpAsk, signal: AbortSignal): Promise<IncomingMessage> {
  const url = new URL(ask.path, route.kind === 'endpoint' ? route.url : 'http://service')
  // Node speaks HTTP over any stream; its type asks for a socket.
  const stream = route.kind === 'pod' ? ((await route.open(signal)) as Socket) : undefined
  const text = ask.body === undefined ? undefined : JSON.stringify(ask.body)
  const start = url.protocol === 'https:' ? httpsRequest : httpRequest
  return await new Promise((resolve, reject) => {
    const outgoing: ClientRequest = start(url, {
      method: text === undefined ? 'GET' : 'POST',
      signal,
      ...(stream === undefined ? {} : { createConnection: () => stream }),
      headers: headersOf(ask, text),
    })
    const late = () => outgoing.destroy(new Error(`no answer in ${ANSWER_WITHIN_MS / 1000} s`))
    const timer = setTimeout(late, ANSWER_WITHIN_MS)
    timer.unref()
    outgoing.on('response', (response) => {
      clearTimeout(timer)
      response.on('close', () => stream?.destroy())
      resolve(response)
    })
    outgoing.on('error', (error) => {
      clearTimeout(timer)
      stream?.destroy()
      reject(unanswered(route, error))
    })
    outgoing.end(text)
  })
}

function headersOf({ key }: HttpAsk, text: string | undefined) {
  return {
    accept: 'application/json',
    connection: 'close',
    ...(key === undefined ? {} : { authorization: `Bearer ${key.reveal()}` }),
    ...(text === undefined
      ? {}
      : { 'content-type': 'application/json', 'content-length': String(Buffer.byteLength(text)) }),
  }
}

const titleOf = (route: Route): string => (route.kind === 'endpoint' ? route.url : route.title)

function unanswered(route: Route, cause: Error): StepError {
  return new StepError('ServiceUnreachable', `${titleOf(route)} does not answer`, {
    cause,
    hint: route.kind === 'endpoint' ? 'check --endpoint' : `llmgw diagnose ${route.component}`,
  })
}

/** The whole answer. @throws StepError ServiceUnreachable when it is cut */
export async function receive(route: Route, response: IncomingMessage): Promise<HttpAnswer> {
  const chunks: Buffer[] = []
  try {
    for await (const chunk of response) chunks.push(chunk as Buffer)
  } catch (cause) {
    throw new StepError('ServiceUnreachable', `the answer of ${titleOf(route)} was cut`, { cause })
  }
  return {
    status: response.statusCode ?? 0,
    headers: response.headers,
    text: Buffer.concat(chunks).toString('utf8'),
  }
}
