import { askModel, embedWith, messageIn, streamModel } from '../../../steps/litellm/ask-model.ts'
import type { HttpAsk } from '../../ports/index.ts'
import { Secret } from '../../secret.ts'
import type { GatewayClient } from './client.ts'
import { tryGuardrails } from './guardrail-trials.ts'
import { attempt, type Group, type Trial, type TrialRequest } from './trial.ts'

/** What each group tries, in this order. */
export const GROUPS: Readonly<Record<Group, (request: TrialRequest) => Promise<readonly Trial[]>>> = {
  health: tryHealth,
  auth: tryKeys,
  models: tryModels,
  guardrails: (request) => tryGuardrails(request, (title, action) => attempt('guardrails', title, action)),
}

async function expectStatus(client: GatewayClient, ask: HttpAsk, wanted: readonly number[]): Promise<string> {
  const { status, text } = await client.call(ask)
  if (wanted.includes(status)) return `HTTP ${status}`
  throw new Error(`HTTP ${status}, expected ${wanted.join(' or ')}: ${messageIn(text)}`)
}

async function tryHealth({ client }: TrialRequest): Promise<readonly Trial[]> {
  return [
    await attempt('health', 'the gateway is alive', () => expectStatus(client, { path: '/health/liveliness' }, [200])),
    await attempt('health', 'the gateway is ready', () => expectStatus(client, { path: '/health/readiness' }, [200])),
  ]
}

/** Without a database LiteLLM answers 400 to a key that it does not know, with one 401. */
const REFUSED = [400, 401, 403] as const

async function tryKeys({ client, key, forgedToken }: TrialRequest): Promise<readonly Trial[]> {
  const path = '/v1/models'
  return [
    await attempt('auth', 'the master key is accepted', () => expectStatus(client, { path, key }, [200])),
    await attempt('auth', 'a call without a key is refused', () => expectStatus(client, { path }, REFUSED)),
    await attempt('auth', 'a wrong key is refused', () =>
      expectStatus(client, { path, key: new Secret('sk-nobody-was-given-this-key') }, REFUSED),
    ),
    ...(forgedToken === undefined
      ? []
      : [
          await attempt('auth', 'a token that nobody signed is refused', () =>
            expectStatus(client, { path, key: forgedToken }, REFUSED),
          ),
        ]),
  ]
}

async function tryModels(request: TrialRequest): Promise<readonly Trial[]> {
  const trials: Trial[] = []
  for (const { name, embeds } of request.models) {
    if (embeds) {
      trials.push(await attempt('models', `${name} embeds`, () => embeddingOf(request, name)))
      continue
    }
    trials.push(await attempt('models', `${name} answers`, () => answerOf(request, name)))
    if (request.stream) trials.push(await attempt('models', `${name} streams`, () => streamOf(request, name)))
  }
  return trials
}

async function answerOf({ client, key }: TrialRequest, model: string): Promise<string> {
  return shown(await askModel({ call: client.call, key, model }))
}

async function embeddingOf({ client, key }: TrialRequest, model: string): Promise<string> {
  return `${await embedWith({ call: client.call, key, model })} numbers`
}

async function streamOf({ client, key }: TrialRequest, model: string): Promise<string> {
  const pieces = await streamModel({ call: client.call, key, model })
  return `${pieces.length} pieces: ${shown(pieces.join(''))}`
}

const shown = (text: string): string => JSON.stringify(text.length > 60 ? `${text.slice(0, 57)}...` : text)
