import type { Config } from '../../src/config/schema.ts'
import type { HttpAnswer, HttpAsk } from '../../src/ports/index.ts'
import type { Secret } from '../../src/secret.ts'
import { type ChatStream, chatStream, StreamRefused } from './chat-stream.ts'

/** One call of the gateway's API, by whichever way. */
export type Call = (ask: HttpAsk) => Promise<HttpAnswer>

/** Who asks which model. */
export interface Question {
  readonly call: Call
  readonly key: Secret
  readonly model: string
}

/** Enough for one word, also from a model that thinks aloud first. */
export const ANSWER_TOKENS = 50

const CHAT = '/v1/chat/completions'
const QUESTION = 'Answer with one word: what colour is the sky on a clear day?'

/** Embedding models answer no chats; both families that Bedrock has say so in their ids. */
export const isEmbedding = ({ model }: Config['models'][number]): boolean => /(^|[./-])embed/i.test(model)

const body = (model: string, content: string) => ({
  model,
  messages: [{ role: 'user', content }],
  max_tokens: ANSWER_TOKENS,
})

/** What a model says to a short question. @throws Error with the gateway's own words */
export async function askModel({ call, key, model }: Question, content = QUESTION): Promise<string> {
  const answer = await call({ path: CHAT, body: body(model, content), key })
  return textIn(answer)
}

/** Text of a chat completion. @throws Error when it has none */
function textIn({ status, text }: HttpAnswer): string {
  if (status !== 200) throw new Error(`HTTP ${status}: ${messageIn(text)}`)
  const { choices } = JSON.parse(text) as { readonly choices?: readonly { message?: { content?: string } }[] }
  const content = choices?.[0]?.message?.content?.trim()
  if (!content) throw new Error('HTTP 200 without any text')
  return content
}

/** The pieces of a streamed answer, collected. @throws Error when it is refused, breaks off or says nothing */
export async function streamModel({ call, key, model }: Question, content = QUESTION): Promise<readonly string[]> {
  const answer = await call({ path: CHAT, body: { ...body(model, content), stream: true }, key })
  return piecesOf(answer)
}

function piecesOf({ status, text }: HttpAnswer): readonly string[] {
  if (status !== 200) throw new Error(`HTTP ${status}: ${messageIn(text)}`)
  const stream = chatStream()
  const pieces = takenFrom(stream, `${text}\n`)
  if (!stream.isDone()) throw new Error('the stream ended before its end was told')
  if (pieces.length === 0) throw new Error('a stream without any text')
  return pieces
}

function takenFrom(stream: ChatStream, text: string): readonly string[] {
  try {
    return [...stream.take(text)]
  } catch (error) {
    if (error instanceof StreamRefused) throw new Error(`the stream ended with: ${error.message}`, { cause: error })
    throw error
  }
}

/** How many numbers a model makes of a text. @throws Error when there are none */
export async function embedWith({ call, key, model }: Question): Promise<number> {
  const { status, text } = await call({ path: '/v1/embeddings', body: { model, input: QUESTION }, key })
  if (status !== 200) throw new Error(`HTTP ${status}: ${messageIn(text)}`)
  const { data } = JSON.parse(text) as { readonly data?: readonly { readonly embedding?: readonly number[] }[] }
  const size = data?.[0]?.embedding?.length ?? 0
  if (size === 0) throw new Error('HTTP 200 without an embedding')
  return size
}

interface ErrorBody {
  readonly error?: { readonly message?: string } | string
  readonly detail?: unknown
}

/** What an error body says. Source: OpenAI API reference, errors; LiteLLM answers in the same shape, Open WebUI in FastAPI's. */
export function messageIn(text: string): string {
  try {
    const { error, detail } = JSON.parse(text) as ErrorBody
    const message = typeof error === 'string' ? error : error?.message
    return message ?? (typeof detail === 'string' ? detail : text.slice(0, 500))
  } catch {
    return text.trim().slice(0, 500)
  }
}
