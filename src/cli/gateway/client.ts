import type { IncomingMessage } from 'node:http'
import { messageIn } from '../../../steps/litellm/ask-model.ts'
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
