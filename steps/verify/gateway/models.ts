import type { Config } from '../../../src/config/schema.ts'
import { askModel, type Call, embedWith, isEmbedding, messageIn, streamModel } from '../../litellm/ask-model.ts'
import { type Check, verdict } from '../check.ts'
import { callGateway, gatewayCheck } from './asking.ts'

const namesOf = ({ models }: Config): readonly string[] => [...new Set(models.map(({ name }) => name))]
const noModels = ({ models }: Config) => (models.length === 0 ? 'there are no models' : undefined)

/** LiteLLM leaves a model that it cannot use out of its list, and starts. */
export const modelsListed: Check = gatewayCheck({
  id: 'litellm-models',
  title: 'LiteLLM offers every configured model',
  path: '/v1/models',
  off: noModels,
  async judge({ config }, litellm, lookedAt) {
    const { status, text } = await litellm.ask('/v1/models')
    const hint = 'llmgw diff litellm'
    if (status !== 200) return verdict(lookedAt, [`HTTP ${status}: ${messageIn(text)}`], { good: '', hint })
    const { data = [] } = JSON.parse(text) as { readonly data?: readonly { readonly id: string }[] }
    const offered = new Set(data.map(({ id }) => id))
    const wanted = namesOf(config)
    const wrong = wanted.filter((name) => !offered.has(name)).map((name) => `${name} is not offered`)
    return verdict(lookedAt, wrong, { good: wanted.join(', '), hint })
  },
})

/** What a model's provider refuses (no permission, no key, past its end) only a call tells. */
export const modelsAnswer: Check = gatewayCheck({
  id: 'model-answers',
  title: 'Every model answers, as a whole and as a stream',
  path: '/v1/chat/completions',
  probes: true,
  off: noModels,
  async judge(ctx, litellm, lookedAt) {
    // Refuses the key before any model is called.
    await litellm.ask('/v1/models')
    const call: Call = (ask) => callGateway(ctx, ask)
    const wrong: string[] = []
    for (const model of ctx.config.models) {
      const question = { call, key: litellm.key, model: model.name }
      const tries = isEmbedding(model) ? [embedWith] : [askModel, streamModel]
      // One after the other: a provider's limit of calls must not look like a fault.
      for (const attempt of tries) {
        const fault = await attempt(question).then(
          () => undefined,
          (error: unknown) => firstLine(error),
        )
        if (fault !== undefined && !wrong.includes(`${model.name}: ${fault}`)) wrong.push(`${model.name}: ${fault}`)
      }
    }
    const hint = 'llmgw test models'
    return verdict(lookedAt, wrong, { good: `${ctx.config.models.length} answer`, hint })
  },
})

/** LiteLLM adds what it tried next, in lines of their own. */
const firstLine = (error: unknown): string =>
  (error instanceof Error ? error.message : String(error)).split('\n', 1)[0] ?? ''

/** Two equal calls, one answer: the second came from Redis. */
export const cacheServes: Check = gatewayCheck({
  id: 'cache-serves',
  title: 'A second equal call is answered from the cache',
  path: '/v1/chat/completions',
  probes: true,
  off: ({ cache, gateway, models }) => {
    if (cache.kind === 'none') return 'cache.kind is none'
    if (gateway.responseCache.mode === 'off') return 'gateway.responseCache.mode is off'
    return models.some((one) => !isEmbedding(one)) ? undefined : 'there is no model to chat with'
  },
  async judge(ctx, litellm, lookedAt) {
    await litellm.ask('/v1/models')
    const model = ctx.config.models.find((one) => !isEmbedding(one))?.name
    // Never asked before, so that the first answer is the model's.
    const content = `Answer with one word. Number ${ctx.random.hex(6)}: is it long?`
    const body = { model, messages: [{ role: 'user', content }], max_tokens: 20, cache: { 'use-cache': true } }
    const ask = async () => {
      const { status, text } = await callGateway(ctx, { path: '/v1/chat/completions', body, key: litellm.key })
      if (status !== 200) throw new Error(`${model}: HTTP ${status}: ${messageIn(text)}`)
      return (JSON.parse(text) as { readonly id?: string }).id
    }
    const hint = 'llmgw verify redis litellm'
    try {
      const [first, second] = [await ask(), await ask()]
      const wrong = first !== undefined && first === second ? [] : ['the second call went to the model again']
      return verdict(lookedAt, wrong, { good: 'the second answer is the first one', hint })
    } catch (error) {
      // Whether it answers at all is another check's matter.
      const found = error instanceof Error ? error.message : String(error)
      return { result: 'skip', lookedAt, found, hint: 'llmgw test models' }
    }
  },
})
