import { answerTo, embedding, limited, pieces, tokensIn } from './answers.ts'
import { eventMessage } from './event-stream.ts'
import type { Fault } from './faults.ts'
import { type Call, sendJson, sendStream } from './reply.ts'

interface Message {
  readonly role?: string
  readonly content?: string | readonly { readonly text?: string }[]
}

const textOf = ({ content }: Message): string =>
  typeof content === 'string' ? content : (content ?? []).map(({ text = '' }) => text).join(' ')

const EVENT_STREAM = 'application/vnd.amazon.eventstream'

/** Bedrock's exceptions by fault. Source: Amazon Bedrock API reference, common errors of Converse. */
export const BEDROCK_ERRORS: Readonly<Record<string, readonly [number, string, string]>> = {
  throttle: [429, 'ThrottlingException', 'Too many requests, please wait before trying again.'],
  error: [500, 'InternalServerException', 'The system encountered an unexpected error during processing.'],
  denied: [403, 'AccessDeniedException', "You don't have access to the model with the specified model ID."],
}

function reply(model: string, body: Call['body']) {
  const messages = (body.messages ?? []) as readonly Message[]
  const question = textOf(messages.filter(({ role }) => role === 'user').at(-1) ?? {})
  const { maxTokens } = (body.inferenceConfig ?? {}) as { readonly maxTokens?: number }
  const { text, cut } = limited(answerTo(model, question), maxTokens ?? (body.max_tokens as number | undefined))
  const inputTokens = tokensIn(messages.map(textOf).join(' '))
  const outputTokens = tokensIn(text)
  const usage = { inputTokens, outputTokens, totalTokens: inputTokens + outputTokens }
  return { text, stopReason: cut ? 'max_tokens' : 'end_turn', usage }
}

/** `POST /model/{id}/converse`. Source: Amazon Bedrock API reference, Converse. */
export async function converse(model: string, { body, response }: Call): Promise<void> {
  const { text, stopReason, usage } = reply(model, body)
  const output = { message: { role: 'assistant', content: [{ text }] } }
  sendJson(response, 200, { output, stopReason, usage, metrics: { latencyMs: 1 } })
}

/** `POST /model/{id}/converse-stream`. Source: Amazon Bedrock API reference, ConverseStream. */
export async function converseStream(model: string, { body, response }: Call, fault: Fault | undefined): Promise<void> {
  const { text, stopReason, usage } = reply(model, body)
  const parts = [
    eventMessage('messageStart', { role: 'assistant' }),
    ...pieces(text).map((piece) => eventMessage('contentBlockDelta', { contentBlockIndex: 0, delta: { text: piece } })),
    eventMessage('contentBlockStop', { contentBlockIndex: 0 }),
    eventMessage('messageStop', { stopReason }),
    eventMessage('metadata', { usage, metrics: { latencyMs: 1 } }),
  ]
  await sendStream(response, EVENT_STREAM, { parts, fault })
}

/** `POST /model/{id}/invoke`: embeddings of Titan and Cohere, messages of Anthropic. Source: Amazon Bedrock user guide, inference parameters. */
export async function invoke(model: string, { body, response }: Call): Promise<void> {
  if (typeof body.inputText === 'string') {
    const dimensions = typeof body.dimensions === 'number' ? body.dimensions : 1024
    const numbers = embedding(body.inputText, dimensions)
    return sendJson(response, 200, { embedding: numbers, inputTextTokenCount: tokensIn(body.inputText) })
  }
  if (Array.isArray(body.texts)) {
    return sendJson(response, 200, { embeddings: body.texts.map((text) => embedding(String(text), 1024)) })
  }
  const { text, stopReason, usage } = reply(model, body)
  sendJson(response, 200, {
    id: 'msg_sandbox',
    type: 'message',
    role: 'assistant',
    model,
    content: [{ type: 'text', text }],
    stop_reason: stopReason,
    usage: { input_tokens: usage.inputTokens, output_tokens: usage.outputTokens },
  })
}
