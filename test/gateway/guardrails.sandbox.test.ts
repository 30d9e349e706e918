import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import type { Tree } from '../../src/config/merge.ts'
import { litellm } from '../../steps/litellm/litellm.ts'
import { fakeWorld } from '../fakes/fake-world.ts'
import { type Deployed, type RealLitellm, realLitellm } from './real-litellm.ts'
import { type ScriptedModel, scriptedModel } from './scripted-model.ts'

const MASTER_KEY = 'sk-master-0123456789abcdef'
const MESSAGE = 'This was blocked by a rule of this service.'
const RULES = {
  kind: 'rules',
  words: ['duck', 'secret project'],
  prefixes: ['bunn'],
  patterns: ['\\b\\d{3}-\\d{2}-\\d{4}\\b'],
}

interface Values {
  readonly extraResources?: readonly { readonly data?: Readonly<Record<string, string>> }[]
  readonly gateway: { readonly extraEnv: readonly { name: string; value?: string }[]; readonly config: Tree }
}

/** What the step deploys. */
async function deployed(baseUrl: string, guardrails: Tree): Promise<Deployed> {
  const models = [{ name: 'scripted', provider: 'openai-compatible', model: 'scripted', baseUrl }]
  const config = { models, guardrails, tracing: { kind: 'none' }, cache: { kind: 'none' }, database: { kind: 'none' } }
  const { values } = await litellm.spec(fakeWorld({ config }))
  const { extraResources = [], gateway } = values as unknown as Values
  const given = gateway.extraEnv.flatMap(({ name, value }) => (value === undefined ? [] : [[name, value]]))
  const { HOME: _home, XDG_CACHE_HOME: _cache, ...environment } = Object.fromEntries(given) as Record<string, string>
  return {
    files: Object.assign({}, ...extraResources.map(({ data }) => data ?? {})) as Record<string, string>,
    proxyConfig: gateway.config.proxy_config,
    environment: { ...environment, LITELLM_MASTER_KEY: MASTER_KEY },
  }
}

let model: ScriptedModel
let filtered: RealLitellm
let refusing: RealLitellm
let open: RealLitellm
beforeAll(async () => {
  model = await scriptedModel()
  const { url } = model
  ;[filtered, refusing, open] = await Promise.all([
    realLitellm(await deployed(url, RULES)),
    realLitellm(await deployed(url, { ...RULES, action: 'refuse' })),
    realLitellm(await deployed(url, { kind: 'none' })),
  ])
})
afterAll(async () => {
  await Promise.all([filtered?.close(), refusing?.close(), open?.close(), model?.close()])
})

interface Answer {
  readonly status: number
  readonly text: string
  /** What people read. */
  readonly content: string
}

type Message = Readonly<Record<string, unknown>>

async function call(proxy: RealLitellm, path: string, body: Tree): Promise<Answer> {
  const answer = await fetch(`${proxy.url}${path}`, {
    method: 'POST',
    headers: { 'content-type': 'application/json', authorization: `Bearer ${MASTER_KEY}` },
    body: JSON.stringify({ model: 'scripted', ...body }),
  })
  const text = await answer.text()
  return { status: answer.status, text, content: body.stream ? streamed(text) : whole(text) }
}

function whole(text: string): string {
  const { choices } = JSON.parse(text) as { choices?: { message?: { content?: string } }[] }
  return choices?.[0]?.message?.content ?? ''
}

function streamed(text: string): string {
  const events = text.split('\n').filter((line) => line.startsWith('data: {'))
  const chunks = events.map((line) => JSON.parse(line.slice(6)) as { choices?: { delta?: { content?: string } }[] })
  return chunks.map(({ choices }) => choices?.[0]?.delta?.content ?? '').join('')
}

const user = (content: unknown): Message => ({ role: 'user', content })
const assistant = (content: string): Message => ({ role: 'assistant', content })
const chat = (proxy: RealLitellm, content: unknown, over: Tree = {}) =>
  call(proxy, '/v1/chat/completions', { messages: [user(content)], ...over })

const FORBIDDEN: readonly (readonly [string, string])[] = [
  ['a word', 'say a duck'],
  ['capital letters', 'say a DUCK!'],
  ['full-width letters', 'say a ｄｕｃｋ'],
  ['unseen characters inside', 'say a du\u200bck'],
  ['two words', 'say the Secret Project'],
  ['the beginning of a word', 'say two bunnies'],
  ['a pattern', 'say 123-45-6789'],
]

describe.sequential('questions, at the real LiteLLM', () => {
  test.each(FORBIDDEN)('with %s are not asked, and are answered by the message', async (_what, question) => {
    const before = model.asked.length
    for (const stream of [false, true]) {
      const { status, content } = await chat(filtered, question, { stream })
      expect([status, content]).toEqual([200, MESSAGE])
    }
    expect(model.asked.length).toBe(before)
    // The same without rules: it is the rules that do it.
    expect((await chat(open, question)).content).toBe(question.replace('say ', ''))
  })

  test('in parts are read as one', async () => {
    const parts = [
      { type: 'text', text: 'say a du' },
      { type: 'text', text: 'ck' },
    ]
    expect((await chat(filtered, parts)).content).toBe(MESSAGE)
  })

  test.each(['say a duckling', 'say reproduck', 'say what is 2+2?', 'say 123-456-789'])(
    '%j is asked',
    async (question) => {
      for (const stream of [false, true])
        expect((await chat(filtered, question, { stream })).content).toBe(question.replace('say ', ''))
    },
  )

  test('are refused where that is configured', async () => {
    const { status, text } = await chat(refusing, 'say a duck')
    expect([status, text]).toEqual([400, expect.stringContaining(MESSAGE)])
    expect((await chat(refusing, 'say hello')).content).toBe('hello')
  })

  test('cannot be let through by what a caller writes beside them', async () => {
    const ways = [
      { metadata: { disable_global_guardrails: true, opted_out_global_guardrails: ['llmgw-rules'] } },
      { disable_global_guardrails: true, guardrails: [] },
    ]
    for (const way of ways) expect((await chat(filtered, 'say a duck', way)).content).toBe(MESSAGE)
  })
})

describe.sequential('answers, at the real LiteLLM', () => {
  test.each([
    'say a d|uck',
    'say a |d|u|c|k|!',
    'say one two three four five six seven eight a du|ck',
    'say so many bu|nnies',
  ])('%j is not given, whole or as a stream', async (question) => {
    for (const stream of [false, true]) {
      const { status, content } = await chat(filtered, question, { stream })
      expect(status).toBe(200)
      expect(content).toContain(MESSAGE)
      expect(content).not.toMatch(/d ?u ?c ?k|bunn/i)
      expect((await chat(open, question, { stream })).content).toMatch(/duck|bunnies/)
    }
  })

  test('that only begin like a word are given, at the end of a stream too', async () => {
    for (const question of ['say a du|ckling', 'say a d|u', 'say |what| is| 2+2?'])
      expect((await chat(filtered, question, { stream: true })).content).toBe(
        question.replace('say ', '').replaceAll('|', ''),
      )
  })

  test('come piece by piece', async () => {
    const { text } = await chat(
      filtered,
      `say ${Array.from({ length: 60 }, (_, index) => `word${index} `).join('|')}`,
      { stream: true },
    )
    expect(text.split('"content":"').length).toBeGreaterThan(40)
  })

  test('as a stream of an API that is not read here are refused before the model is asked', async () => {
    const before = model.asked.length
    const { status, text } = await call(filtered, '/v1/responses', { input: 'say hello', stream: true })
    expect([status, text, model.asked.length]).toEqual([400, expect.stringContaining('streams of this API'), before])
  })
})

describe.sequential('a conversation, at the real LiteLLM', () => {
  const said = () => model.asked.at(-1)?.messages ?? []

  test('goes on without the turns that were blocked; system messages and tools stay', async () => {
    const tools = [
      {
        role: 'assistant',
        content: null,
        tool_calls: [{ id: 'one', type: 'function', function: { name: 'look', arguments: '{}' } }],
      },
      { role: 'tool', tool_call_id: 'one', content: 'sunny' },
    ]
    const system = { role: 'system', content: 'Be short.' }
    const messages = [
      system,
      user('ducks? a duck!'),
      assistant(MESSAGE),
      user('weather?'),
      ...tools,
      assistant('It is sunny.'),
      user('why no bunnies?'),
      assistant(MESSAGE),
      user('say hi'),
    ]
    const { content } = await call(filtered, '/v1/chat/completions', { messages })
    expect(content).toBe('hi')
    expect(said().map(({ role }) => role)).toEqual(['system', 'user', 'assistant', 'tool', 'assistant', 'user'])
    expect(JSON.stringify(said())).not.toMatch(/duck|bunn|blocked/i)
  })

  test('keeps an answer that was blocked out, with its question', async () => {
    const messages = [user('d-u-c-k?'), assistant(MESSAGE), user('say hi')]
    await call(filtered, '/v1/chat/completions', { messages })
    expect(said()).toEqual([expect.objectContaining({ role: 'user', content: 'say hi' })])
  })
})

test('nothing of what people write is in the log', () => {
  expect(filtered.output() + refusing.output()).not.toMatch(/duck|bunn|123-45/i)
})
