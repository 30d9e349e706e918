import { ANSWER_TOKENS } from '../../../steps/litellm/ask-model.ts'
import { masterKeyInCluster } from '../../../steps/litellm/master-key.ts'
import { gatewayTarget } from '../../../steps/litellm/service.ts'
import { LlmgwError } from '../../errors.ts'
import type { Session } from '../run/session.ts'

/** Questions of the checks are shorter. */
const QUESTION_TOKENS = 60

interface ModelInfo {
  readonly model_name: string
  readonly model_info?: {
    readonly input_cost_per_token?: number | null
    readonly output_cost_per_token?: number | null
  }
}

/** At most these calls of a model by one run of each check that probes. */
const CALLS_PER_MODEL = 2

/** What probing may cost at most, by the prices that LiteLLM itself knows. */
export async function probeEstimate(session: Session, checks: Session['world']['checks']): Promise<string> {
  const probes = checks.filter(({ probes }) => probes === true).length
  const { models } = session.ctx.config
  const calls = CALLS_PER_MODEL * models.length * probes
  const head = `probing: at most ${calls} calls of ${models.length} models, ${ANSWER_TOKENS} tokens of answer each`
  const prices = await pricesOf(session)
  if (typeof prices === 'string') return `${head}; prices are not known: ${prices}`
  const known = models.filter(({ name }) => prices.has(name))
  const dollars = known.reduce((sum, { name }) => sum + (prices.get(name) ?? 0) * CALLS_PER_MODEL * probes, 0)
  const unknown = models.length - known.length
  const rest = unknown > 0 ? `, and ${unknown} models without a known price` : ''
  return `${head}: at most $${dollars.toFixed(4)} by LiteLLM's prices${rest}`
}

/** US dollars of one call by name of the model; or why there are none. */
async function pricesOf({ ctx, stop }: Session): Promise<ReadonlyMap<string, number> | string> {
  const { signal } = stop
  try {
    const key = await masterKeyInCluster({ ...ctx, signal })
    const answer = await ctx.serviceCalls.call(gatewayTarget(ctx.config), { path: '/v1/model/info', key }, signal)
    if (answer.status !== 200) return `LiteLLM answers HTTP ${answer.status}`
    const { data = [] } = JSON.parse(answer.text) as { readonly data?: readonly ModelInfo[] }
    return new Map(
      data.flatMap(({ model_name, model_info: info = {} }) => {
        const { input_cost_per_token: input, output_cost_per_token: output } = info
        if (typeof input !== 'number' || typeof output !== 'number') return []
        return [[model_name, QUESTION_TOKENS * input + ANSWER_TOKENS * output] as const]
      }),
    )
  } catch (error) {
    if (!(error instanceof LlmgwError)) throw error
    return error.message
  }
}
