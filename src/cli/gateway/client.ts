import type { IncomingMessage } from 'node:http'
import { messageIn } from '../../../steps/litellm/ask-model.ts'
import { chatStream, StreamRefused } from '../../../steps/litellm/chat-stream.ts'
import { type Route, receive, send } from '../../adapters/service-calls/send.ts'
import { StepError } from '../../errors.ts'
import type { HttpAnswer, HttpAsk } from '../../ports/index.ts'

/** The gateway's HTTP API. */
export interface GatewayClient {
  /** As shown to people. */
  readonly title: string
  call(ask: HttpAsk): Promise<HttpAnswer>
  /** Pieces of text of a streamed chat completion, as they come. @throws StepError when it is refused or cut */
  stream(ask: HttpAsk): AsyncIterable<string>
}

/** @param signal ends calls under way */
export function gatewayClient(route: Route, signal: AbortSignal): GatewayClient {
  const title = route.kind === 'endpoint' ? route.url : route.title
  return {
    title,
    async call(ask) {
      return await receive(route, await send(route, ask, signal))
    },
    async *stream(ask) {
      const response = await send(route, ask, signal)
      if (response.statusCode !== 200) {
        throw new StepError('GatewayRefused', `the gateway answers ${response.statusCode}`, {
          cause: messageIn((await receive(route, response)).text),
        })
      }
      yield* piecesOf(response)
    },
  }
}

async function* piecesOf(response: IncomingMessage): AsyncIterable<string> {
  const stream = chatStream()
  // A character may come in two chunks.
  response.setEncoding('utf8')
  try {
    for await (const chunk of response) yield* stream.take(chunk as string)
  } catch (cause) {
    if (cause instanceof StreamRefused)
      throw new StepError('GatewayRefused', 'the gateway ended the stream', { cause: cause.message })
    throw new StepError('StreamCut', 'the stream of the gateway broke off', { cause })
  }
  if (!stream.isDone()) throw new StepError('StreamCut', 'the stream of the gateway ended before its end was told')
}
