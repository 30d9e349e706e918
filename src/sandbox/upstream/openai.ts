import { createHash } from 'node:crypto'
import { answerTo, embedding, limited, pieces, tokensIn } from './answers.ts'
import type { Fault } from './faults.ts'
import { type Call, sendJson, sendStream } from './reply.ts'

interface Message {
  readonly role?: string
  readonly content?: string | readonly { readonly type?: string; readonly text?: string }[]
}

const textOf = ({ content }: Message): string =>
  typeof content === 'string' ? content : (content ?? []).map(({ text = '' }) => text).join(' ')

/** Times would make answers differ. */
const CREATED = 1_700_000_000

export const OPENAI_ERRORS: Readonly<Record<string, readonly [number, string, string]>> = {
  throttle: [429, 'rate_limit_error', 'Rate limit reached'],
  error: [500, 'server_error', 'The server had an error while processing your request'],
  denied: [403, 'permission_error', 'You are not allowed to use this model'],
}

/** `POST /v1/chat/completions`. Source: OpenAI API reference, chat completions. */
export async function chatCompletion({ body, response }: Call, fault: Fault | undefined): Promise<void> {
  const model = String(body.model ?? '')
  const messages = (body.messages ?? []) as readonly Message[]
  const question = textOf(messages.filter(({ role }) => role === 'user').at(-1) ?? {})
  const maxTokens = (body.max_completion_tokens ?? body.max_tokens) as number | undefined
  const { text, cut } = limited(answerTo(model, question), maxTokens)
  const prompt = tokensIn(messages.map(textOf).join(' '))
  const usage = { prompt_tokens: prompt, completion_tokens: tokensIn(text), total_tokens: prompt + tokensIn(text) }
  const id = `chatcmpl-${createHash('sha256').update(JSON.stringify(body)).digest('hex').slice(0, 24)}`
  const shared = { id, created: CREATED, model }
  const finish = cut ? 'length' : 'stop'
  if (body.stream === true) {
    const chunk = (choices: readonly object[], extra: object = {}) =>
      `data: ${JSON.stringify({ ...shared, object: 'chat.completion.chunk', choices, ...extra })}\n\n`
    const wantsUsage = (body.stream_options as { readonly include_usage?: boolean } | undefined)?.include_usage === true
    const parts = [
      chunk([{ index: 0, delta: { role: 'assistant', content: '' }, finish_reason: null }]),
      ...pieces(text).map((content) => chunk([{ index: 0, delta: { content }, finish_reason: null }])),
      chunk([{ index: 0, delta: {}, finish_reason: finish }]),
      ...(wantsUsage ? [chunk([], { usage })] : []),
      'data: [DONE]\n\n',
    ]
    return await sendStream(response, 'text/event-stream', { parts, fault })
  }
  sendJson(response, 200, {
    ...shared,
    object: 'chat.completion',
    choices: [{ index: 0, message: { role: 'assistant', content: text }, finish_reason: finish }],
    usage,
  })
}

/** `POST /v1/embeddings`. Source: OpenAI API reference, embeddings. */
export async function embeddings({ body, response }: Call): Promise<void> {
  const inputs = (Array.isArray(body.input) ? body.input : [body.input]).map(String)
  const dimensions = typeof body.dimensions === 'number' ? body.dimensions : 256
  const data = inputs.map((text, index) => {
    const numbers = embedding(text, dimensions)
    const packed = Buffer.from(Float32Array.from(numbers).buffer).toString('base64')
    return { object: 'embedding', index, embedding: body.encoding_format === 'base64' ? packed : numbers }
  })
  const tokens = tokensIn(inputs.join(' '))
  const usage = { prompt_tokens: tokens, total_tokens: tokens }
  sendJson(response, 200, { object: 'list', model: body.model, data, usage })
}
