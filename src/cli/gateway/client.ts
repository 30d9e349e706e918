import { type ClientRequest, request as httpRequest, type IncomingMessage } from 'node:http'
import { request as httpsRequest } from 'node:https'
import type { Socket } from 'node:net'
import type { Duplex } from 'node:stream'
import { StepError } from '../../errors.ts'
import type { Secret } from '../../secret.ts'

/** Where the gateway is: an address, or a connection that somebody makes for each call. */
export type Route =
  | { readonly kind: 'endpoint'; readonly url: string }
  | { readonly kind: 'pod'; readonly title: string; readonly open: (signal: AbortSignal) => Promise<Duplex> }

interface GatewayAnswer {
  readonly status: number
  readonly text: string
  readonly headers: IncomingMessage['headers']
}

/** The gateway's HTTP API. */
export interface GatewayClient {
  /** As shown to people. */
  readonly title: string
  call(ask: Ask): Promise<GatewayAnswer>
  /** Pieces of text of a streamed chat completion, as they come. @throws StepError when it is refused or cut */
  stream(ask: Ask): AsyncIterable<string>
}

export interface Ask {
  readonly path: string
  /** Absent = GET. */
  readonly body?: object
  /** Absent = without one. */
  readonly key?: Secret
}

/** A model may think for a while before it says anything. */
const ANSWER_WITHIN_MS = 120_000

/** @param signal ends calls under way */
export function gatewayClient(route: Route, signal: AbortSignal): GatewayClient {
  const title = route.kind === 'endpoint' ? route.url : route.title
  return {
    title,
    async call(ask) {
      const response = await send(route, ask, signal)
      return { status: response.statusCode ?? 0, headers: response.headers, text: await textOf(response, title) }
    },
    async *stream(ask) {
      const response = await send(route, ask, signal)
      if (response.statusCode !== 200) {
        throw new StepError('GatewayRefused', `the gateway answers ${response.statusCode}`, {
          cause: messageIn(await textOf(response, title)),
        })
      }
      yield* piecesOf(response)
    },
  }
}

async function send(route: Route, { path, body, key }: Ask, signal: AbortSignal): Promise<IncomingMessage> {
  const url = new URL(path, route.kind === 'endpoint' ? route.url : 'http://gateway')
  // Node speaks HTTP over any stream; its type asks for a socket.
  const stream = route.kind === 'pod' ? ((await route.open(signal)) as Socket) : undefined
  const text = body === undefined ? undefined : JSON.stringify(body)
  const ask = url.protocol === 'https:' ? httpsRequest : httpRequest
  return await new Promise((resolve, reject) => {
    const fail = (error: Error) => {
      stream?.destroy()
      reject(signal.aborted ? signal.reason : unanswered(route, error))
    }
    const outgoing: ClientRequest = ask(url, {
      method: text === undefined ? 'GET' : 'POST',
      signal,
      ...(stream === undefined ? {} : { createConnection: () => stream }),
      headers: {
        accept: 'application/json',
        connection: 'close',
        ...(key === undefined ? {} : { authorization: `Bearer ${key.reveal()}` }),
        ...(text === undefined
          ? {}
          : { 'content-type': 'application/json', 'content-length': String(Buffer.byteLength(text)) }),
      },
    })
    const timer = setTimeout(
      () => outgoing.destroy(new Error(`no answer in ${ANSWER_WITHIN_MS / 1000} s`)),
      ANSWER_WITHIN_MS,
    )
    timer.unref()
    outgoing.on('response', (response) => {
      clearTimeout(timer)
      response.on('close', () => stream?.destroy())
      resolve(response)
    })
    outgoing.on('error', fail)
    outgoing.end(text)
  })
}

function unanswered(route: Route, cause: Error): Error {
  const where = route.kind === 'endpoint' ? route.url : route.title
  return new StepError('GatewayUnreachable', `the gateway at ${where} does not answer`, {
    cause,
    hint: route.kind === 'endpoint' ? 'check --endpoint' : 'llmgw status litellm',
  })
}

async function textOf(response: IncomingMessage, title: string): Promise<string> {
  const chunks: Buffer[] = []
  try {
    for await (const chunk of response) chunks.push(chunk as Buffer)
  } catch (cause) {
    throw new StepError('GatewayUnreachable', `the answer of the gateway at ${title} was cut`, { cause })
  }
  return Buffer.concat(chunks).toString('utf8')
}

/** What an error body says. Source: OpenAI API reference, errors; LiteLLM answers in the same shape. */
export function messageIn(text: string): string {
  try {
    const { error } = JSON.parse(text) as { readonly error?: { readonly message?: string } | string }
    return (typeof error === 'string' ? error : error?.message) ?? text.slice(0, 500)
  } catch {
    return text.trim().slice(0, 500)
  }
}

/** Source: OpenAI API reference, streaming: server-sent events, `[DONE]` at the end. */
async function* piecesOf(response: IncomingMessage): AsyncIterable<string> {
  let rest = ''
  let done = false
  try {
    for await (const chunk of response) {
      const lines = `${rest}${(chunk as Buffer).toString('utf8')}`.split('\n')
      rest = lines.pop() ?? ''
      for (const line of lines) {
        if (line.trim() === 'data: [DONE]') done = true
        else if (line.startsWith('data: ')) yield pieceIn(line.slice('data: '.length))
      }
    }
  } catch (cause) {
    throw new StepError('StreamCut', 'the stream of the gateway broke off', { cause })
  }
  if (!done) throw new StepError('StreamCut', 'the stream of the gateway ended before its end was told')
}

function pieceIn(data: string): string {
  const chunk = JSON.parse(data) as {
    readonly error?: { readonly message?: string }
    readonly choices?: readonly { readonly delta?: { readonly content?: string | null } }[]
  }
  if (chunk.error) throw new StepError('GatewayRefused', 'the gateway ended the stream', { cause: chunk.error.message })
  return chunk.choices?.[0]?.delta?.content ?? ''
}
