import { messageIn } from '../../litellm/ask-model.ts'
import { GUARDRAIL } from '../../litellm/guardrails.ts'
import { type Check, verdict } from '../check.ts'
import { gatewayCheck } from './asking.ts'

/** Whether they hold is told by `llmgw test guardrails`, which calls models. */
export const guardrailsLoaded: Check = gatewayCheck({
  id: 'litellm-guardrails',
  title: 'LiteLLM has loaded the rules about words',
  path: '/guardrails/list',
  off: ({ guardrails }) => (guardrails.kind === 'none' ? 'guardrails.kind is none' : undefined),
  async judge(_ctx, litellm, lookedAt) {
    const { status, text } = await litellm.ask('/guardrails/list')
    const hint = 'llmgw deploy litellm'
    if (status !== 200) return verdict(lookedAt, [`HTTP ${status}: ${messageIn(text)}`], { good: '', hint })
    const { guardrails = [] } = JSON.parse(text) as {
      readonly guardrails?: readonly { readonly guardrail_name: string }[]
    }
    const found = guardrails.some(({ guardrail_name: name }) => name === GUARDRAIL)
    return verdict(lookedAt, found ? [] : [`${GUARDRAIL} is not loaded`], { good: `${GUARDRAIL} is loaded`, hint })
  },
})
