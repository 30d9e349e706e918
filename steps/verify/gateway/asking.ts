import type { Config } from '../../../src/config/schema.ts'
import type { HttpAnswer } from '../../../src/ports/index.ts'
import type { Secret } from '../../../src/secret.ts'
import { messageIn } from '../../litellm/ask-model.ts'
import { masterKeyInCluster } from '../../litellm/master-key.ts'
import { GATEWAY_SERVICE, gatewayTarget } from '../../litellm/service.ts'
import type { Check, CheckContext, CheckResult } from '../check.ts'
import { CannotAsk, whereAnswered } from '../silent.ts'

/** LiteLLM as its administrator sees it. */
export interface Administration {
  readonly key: Secret
  /** An answer that is not a refusal of the key itself: that has a check of its own. */
  ask(path: string): Promise<HttpAnswer>
}

interface GatewayCheck extends Pick<Check, 'id' | 'title' | 'probes'> {
  /** Why there is nothing to look at. */
  readonly off?: (config: Config) => string | undefined
  readonly path: string
  readonly judge: (ctx: CheckContext, litellm: Administration, lookedAt: string) => Promise<CheckResult>
}

/** A key that LiteLLM does not take; 400 where it has no database to look keys up in. */
const isRefusal = ({ status, text }: HttpAnswer): boolean =>
  status === 401 || status === 403 || (status === 400 && /No connected db/i.test(text))

/** A check that asks LiteLLM something as its administrator; it skips where nobody answers. */
export function gatewayCheck({ off, path, judge, ...check }: GatewayCheck): Check {
  return {
    ...check,
    component: 'litellm',
    async run(ctx) {
      const nothing = off?.(ctx.config)
      if (nothing !== undefined) return { result: 'skip', lookedAt: 'the configuration', found: nothing }
      const lookedAt = `${path} of Service ${ctx.config.namespaces.gateway}/${GATEWAY_SERVICE.name}`
      return await whereAnswered(lookedAt, async () => {
        const key = await masterKeyInCluster(ctx)
        const ask: Administration['ask'] = async (asked) => {
          const answer = await callGateway(ctx, { path: asked, key })
          if (isRefusal(answer)) throw new CannotAsk(`LiteLLM refuses the master key: ${messageIn(answer.text)}`)
          return answer
        }
        return await judge(ctx, { key, ask }, lookedAt)
      })
    },
  }
}

/** One call of LiteLLM's API. */
export const callGateway = (ctx: CheckContext, ask: Parameters<CheckContext['serviceCalls']['call']>[1]) =>
  ctx.serviceCalls.call(gatewayTarget(ctx.config), ask, ctx.signal)
