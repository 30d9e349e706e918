import type { HttpAnswer } from '../../../src/ports/index.ts'
import { messageIn } from '../../litellm/ask-model.ts'
import { gatewayTarget } from '../../litellm/service.ts'
import { RELEASES } from '../../names.ts'
import { type Check, verdict } from '../check.ts'
import { isSilence } from '../silent.ts'
import { type Administration, callGateway, gatewayCheck } from './asking.ts'

const READINESS = '/health/readiness'

/** Makes the tables. Source: litellm chart, migrations. */
const MIGRATIONS_JOB = `${RELEASES.litellm.name}-migrations`

interface Readiness {
  /** `connected`, `disconnected`, or `Not connected` where there is none. */
  readonly db?: string
}

/** The one check that fails when nobody answers: the others skip. */
export const gatewayReady: Check = {
  id: 'litellm-ready',
  component: 'litellm',
  title: 'LiteLLM answers that it is ready',
  async run(ctx) {
    const { namespace, name } = gatewayTarget(ctx.config)
    const lookedAt = `${READINESS} of Service ${namespace}/${name}`
    const hint = 'llmgw diagnose litellm'
    try {
      const { status, text } = await callGateway(ctx, { path: READINESS })
      if (status !== 200) return verdict(lookedAt, [`HTTP ${status}: ${messageIn(text)}`], { good: '', hint })
      const { db = 'unknown' } = JSON.parse(text) as Readiness
      const wanted = ctx.config.database.kind !== 'none'
      const wrong = wanted && db !== 'connected' ? [`its database is ${db.toLowerCase()}`] : []
      return verdict(lookedAt, wrong, { good: `HTTP 200${wanted ? ', database connected' : ''}`, hint })
    } catch (error) {
      if (!isSilence(error)) throw error
      const { cause, message, code } = error
      const found = cause instanceof Error ? `${message}: ${cause.message}` : message
      return { result: code === 'PodSimulated' ? 'skip' : 'fail', lookedAt, found, hint: error.hint ?? hint }
    }
  },
}

/** Readiness asks only for a connection; its tables may never have been made. */
export const databaseHolds: Check = gatewayCheck({
  id: 'litellm-database',
  title: "LiteLLM's tables are in its database",
  path: '/key/list',
  off: ({ database }) => (database.kind === 'none' ? 'database.kind is none' : undefined),
  async judge({ config }, litellm, lookedAt) {
    const { status, text } = await litellm.ask('/key/list?size=1')
    const wrong = status === 200 ? [] : [`HTTP ${status}: ${messageIn(text)}`]
    return verdict(lookedAt, wrong, {
      good: 'keys can be listed',
      hint: `kubectl logs -n ${config.namespaces.gateway} job/${MIGRATIONS_JOB}`,
    })
  },
})

/** A restart of Redis cuts connections that LiteLLM keeps; each question that fails on one makes it drop that one. */
const ASKED_AT_MOST = 3

/** With a wrong password, or no Redis, LiteLLM is ready and says nothing. */
export const cacheAnswers: Check = gatewayCheck({
  id: 'litellm-cache',
  title: 'LiteLLM reaches its cache, and may log in',
  path: '/cache/ping',
  off: ({ cache, gateway }) => {
    if (cache.kind === 'none') return 'cache.kind is none'
    return gateway.responseCache.mode === 'off' ? 'gateway.responseCache.mode is off' : undefined
  },
  async judge(_ctx, litellm, lookedAt) {
    const { status, text } = await pinged(litellm)
    const wrong = status === 200 ? [] : [`HTTP ${status}: ${cacheFault(text)}`]
    return verdict(lookedAt, wrong, { good: 'Redis answers', hint: 'llmgw diagnose redis' })
  },
})

async function pinged(litellm: Administration): Promise<HttpAnswer> {
  for (let left = ASKED_AT_MOST; ; left -= 1) {
    const answer = await litellm.ask('/cache/ping')
    if (answer.status === 200 || left === 1) return answer
  }
}

/** The message is JSON once more, with the settings of the cache behind what went wrong. */
function cacheFault(text: string): string {
  const message = messageIn(text)
  try {
    const { message: told, error } = JSON.parse(message) as { readonly message?: string; readonly error?: string }
    return [told, error]
      .filter((one) => one !== undefined)
      .join(': ')
      .slice(0, 300)
  } catch {
    return message.slice(0, 300)
  }
}
