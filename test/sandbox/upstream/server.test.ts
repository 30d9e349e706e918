import { once } from 'node:events'
import type { AddressInfo } from 'node:net'
import { crc32 } from 'node:zlib'
import { afterAll, afterEach, beforeAll, describe, expect, it } from 'vitest'
import { DISCOVERY_PATH, type IDENTITY_PROVIDER } from '../../../src/sandbox/upstream/identity.ts'
import { modelServer } from '../../../src/sandbox/upstream/server.ts'

const server = modelServer()
let base = ''
beforeAll(async () => {
  server.listen(0, '127.0.0.1')
  await once(server, 'listening')
  base = `http://127.0.0.1:${(server.address() as AddressInfo).port}`
})
afterEach(async () => {
  await fetch(`${base}/llmgw-sandbox/faults`, { method: 'DELETE' })
})
afterAll(() => {
  server.close()
  server.closeAllConnections()
})

const post = async (path: string, body: object) =>
  await fetch(`${base}${path}`, { method: 'POST', body: JSON.stringify(body) })
const chat = async (over: object = {}) =>
  await post('/v1/chat/completions', { model: 'm', messages: [{ role: 'user', content: 'one plus one?' }], ...over })
const order = async (fault: object) => await post('/llmgw-sandbox/faults', fault)
const CONVERSE = { messages: [{ role: 'user', content: [{ text: 'one plus one?' }] }] }

interface Completion {
  readonly choices: readonly { readonly message: { readonly content: string }; readonly finish_reason: string }[]
}

describe('the identity provider', () => {
  it('is described: people would be sent to an address of https that is nowhere', async () => {
    const described = (await (await fetch(`${base}${DISCOVERY_PATH}`)).json()) as typeof IDENTITY_PROVIDER
    expect(new URL(described.authorization_endpoint)).toMatchObject({
      protocol: 'https:',
      host: 'login.sandbox.invalid',
    })
    expect(described.code_challenge_methods_supported).toEqual(['S256'])
  })
})

describe('the OpenAI shape', () => {
  it('answers the same question in the same way, and another one in another way', async () => {
    const [one, two, other] = await Promise.all(
      [chat(), chat(), chat({ messages: [{ role: 'user', content: 'else' }] })].map(
        async (answer) => await (await answer).text(),
      ),
    )
    expect(one).toBe(two)
    expect(other).not.toBe(one)
  })

  it('stops at max_tokens', async () => {
    const { choices } = (await (await chat({ max_tokens: 2 })).json()) as Completion
    expect(choices[0]).toMatchObject({ finish_reason: 'length', message: { content: 'm of the' } })
  })

  it('streams the same text in pieces, with usage when it is asked for', async () => {
    const whole = ((await (await chat()).json()) as Completion).choices[0]?.message.content
    const text = await (await chat({ stream: true, stream_options: { include_usage: true } })).text()
    const lines = text.split('\n\n').filter((line) => line.startsWith('data: {'))
    const chunks = lines.map((line) => JSON.parse(line.slice(6)))
    expect(chunks.flatMap(({ choices }) => choices[0]?.delta.content ?? []).join('')).toBe(whole)
    expect(chunks.at(-1)).toHaveProperty('usage.total_tokens')
    expect(text.trimEnd().endsWith('data: [DONE]')).toBe(true)
  })

  it('embeds equal texts equally, with length 1 and the dimensions asked for', async () => {
    const answer = await post('/v1/embeddings', { model: 'e', input: ['a', 'b', 'a'], dimensions: 8 })
    const { data } = (await answer.json()) as { readonly data: readonly { readonly embedding: readonly number[] }[] }
    const [one, other, same] = data.map(({ embedding }) => embedding)
    expect(one).toEqual(same)
    expect(one).not.toEqual(other)
    expect(one).toHaveLength(8)
    expect(Math.hypot(...(one ?? []))).toBeCloseTo(1)
  })
})

describe('the Bedrock shape', () => {
  it('converses', async () => {
    const answer = await post('/model/us.amazon.nova-lite-v1%3A0/converse', CONVERSE)
    expect(await answer.json()).toMatchObject({
      output: { message: { content: [{ text: 'us.amazon.nova-lite-v1:0 of the sandbox answers: one plus one?' }] } },
      stopReason: 'end_turn',
    })
  })

  it('streams messages of the event stream encoding, whose checksums hold', async () => {
    const answer = await post('/model/m/converse-stream', CONVERSE)
    expect(answer.headers.get('content-type')).toBe('application/vnd.amazon.eventstream')
    const bytes = Buffer.from(await answer.arrayBuffer())
    let text = ''
    for (let at = 0; at < bytes.length; ) {
      const total = bytes.readUInt32BE(at)
      const headers = bytes.readUInt32BE(at + 4)
      expect(bytes.readUInt32BE(at + 8)).toBe(crc32(bytes.subarray(at, at + 8)))
      expect(bytes.readUInt32BE(at + total - 4)).toBe(crc32(bytes.subarray(at, at + total - 4)))
      const payload = JSON.parse(bytes.subarray(at + 12 + headers, at + total - 4).toString())
      text += payload.delta?.text ?? ''
      at += total
    }
    expect(text).toBe('m of the sandbox answers: one plus one?')
  })

  it('embeds by InvokeModel', async () => {
    const answer = await post('/model/amazon.titan-embed-text-v2%3A0/invoke', { inputText: 'a', dimensions: 4 })
    expect(((await answer.json()) as { readonly embedding: readonly number[] }).embedding).toHaveLength(4)
  })
})

describe('faults', () => {
  it('happen as often as ordered, to the model that was named, in the words of each shape', async () => {
    await order({ kind: 'throttle', model: 'm', times: 1 })
    expect((await chat({ model: 'other' })).status).toBe(200)
    expect((await chat()).status).toBe(429)
    expect((await chat()).status).toBe(200)
    await order({ kind: 'denied', times: 1 })
    const refused = await post('/model/m/converse', CONVERSE)
    expect([refused.status, refused.headers.get('x-amzn-errortype')]).toEqual([403, 'AccessDeniedException'])
    await order({ kind: 'error', times: 1 })
    expect((await chat()).status).toBe(500)
  })

  it('cut a stream in the middle and a plain answer before its start', async () => {
    await order({ kind: 'cut', times: 2 })
    await expect((async () => await (await chat({ stream: true })).text())()).rejects.toThrow()
    await expect(chat()).rejects.toThrow()
    expect((await chat()).status).toBe(200)
  })

  it('are refused when nobody knows them; calls are listed without their content', async () => {
    expect((await order({ kind: 'explode' })).status).toBe(400)
    await chat()
    const text = await (await fetch(`${base}/llmgw-sandbox/calls`)).text()
    expect(text).toContain('/v1/chat/completions')
    expect(text).not.toContain('one plus one?')
  })
})
