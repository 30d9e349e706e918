import { once } from 'node:events'
import { createServer } from 'node:http'
import type { AddressInfo } from 'node:net'

interface Asked {
  readonly model: string
  readonly stream?: boolean
  readonly messages: readonly { readonly role: string; readonly content: unknown }[]
}

export interface ScriptedModel {
  /** Of its OpenAI-shaped API. */
  readonly url: string
  /** What it was asked so far, in order. */
  readonly asked: readonly Asked[]
  close(): Promise<void>
}

/** A model on loopback that says what the last question tells it to, in the pieces that `|` parts. */
export async function scriptedModel(): Promise<ScriptedModel> {
  const asked: Asked[] = []
  const server = createServer(async (request, response) => {
    const chunks: Buffer[] = []
    for await (const chunk of request) chunks.push(chunk as Buffer)
    if (request.method !== 'POST') {
      response.writeHead(404).end()
      return
    }
    const body = JSON.parse(Buffer.concat(chunks).toString('utf8')) as Asked
    asked.push(body)
    const said = String(body.messages.at(-1)?.content ?? '')
    const pieces = said.replace(/^say /, '').split('|')
    const head = { id: 'chatcmpl-1', created: 1, model: body.model }
    if (body.stream !== true) {
      const message = { role: 'assistant', content: pieces.join('') }
      const usage = { prompt_tokens: 1, completion_tokens: 1, total_tokens: 2 }
      response.writeHead(200, { 'content-type': 'application/json' })
      response.end(
        JSON.stringify({
          ...head,
          object: 'chat.completion',
          usage,
          choices: [{ index: 0, message, finish_reason: 'stop' }],
        }),
      )
      return
    }
    response.writeHead(200, { 'content-type': 'text/event-stream' })
    const tell = (delta: object, finish_reason: string | null) =>
      response.write(
        `data: ${JSON.stringify({ ...head, object: 'chat.completion.chunk', choices: [{ index: 0, delta, finish_reason }] })}\n\n`,
      )
    tell({ role: 'assistant', content: '' }, null)
    for (const content of pieces) tell({ content }, null)
    tell({}, 'stop')
    response.end('data: [DONE]\n\n')
  })
  server.listen(0, '127.0.0.1')
  await once(server, 'listening')
  return {
    url: `http://127.0.0.1:${(server.address() as AddressInfo).port}/v1`,
    asked,
    async close() {
      server.closeAllConnections()
      server.close()
      await once(server, 'close')
    },
  }
}
