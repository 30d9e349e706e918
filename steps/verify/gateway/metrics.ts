import type { HttpAnswer, ServiceTarget } from '../../../src/ports/index.ts'
import { refOf } from '../../desired.ts'
import { messageIn } from '../../litellm/ask-model.ts'
import { masterKeyInCluster } from '../../litellm/master-key.ts'
import { gatewayTarget, METRICS_SERVICE } from '../../litellm/service.ts'
import { dashboardObjects } from '../../monitoring/dashboards.ts'
import { type Check, type CheckContext, type CheckResult, verdict } from '../check.ts'
import { whereAnswered } from '../silent.ts'
import { whereOn } from '../where-on.ts'

/** Written for calls of a special kind alone: failed, streamed, cached, or of a team with a budget. */
const NOT_FOR_EVERY_CALL =
  /fail|cache_(hits|misses)|time_to_first_token|remaining_team|cooled_down|fallback|deployment_state|overhead/

/** Names that the dashboards in the cluster ask for. */
async function namesAsked(ctx: CheckContext): Promise<readonly string[]> {
  const wanted = await dashboardObjects(ctx)
  const live = await Promise.all(wanted.map((object) => ctx.kube.find(refOf(object), ctx.signal)))
  const text = live.map((object) => JSON.stringify(object?.data ?? {})).join('\n')
  return [...new Set(text.match(/\blitellm_[a-z_]+/g) ?? [])].filter((name) => name !== 'litellm_model_name').sort()
}

/** Counted for every answer of a model. */
const ANSWERED = ['litellm_deployment_success_responses_total', 'litellm_requests_metric_total']

/** A histogram's parts belong to one metric. */
const family = (name: string) => name.replace(/_(bucket|sum|count)$/, '')

/** Metrics with a value. */
const namesServed = ({ text }: HttpAnswer): ReadonlySet<string> =>
  new Set([...text.matchAll(/^(litellm_[a-z_]+)[{ ]/gm)].map(([, name = '']) => family(name)))

/** Dashboards do not fail when a metric got another name: they are empty. */
export const metricsServed: Check = {
  id: 'litellm-metrics',
  component: 'litellm',
  title: 'LiteLLM serves metrics under the names that the dashboards use',
  run: whereOn(async (ctx) => {
    const lookedAt = `/metrics of Service ${ctx.config.namespaces.gateway}/${METRICS_SERVICE.name}, and dashboards`
    return await whereAnswered(lookedAt, async () => judged(lookedAt, await namesAsked(ctx), await metrics(ctx)))
  }),
}

/** The port that Prometheus scrapes; in a sandbox, where that is simulated, the same metrics with a key. */
async function metrics(ctx: CheckContext): Promise<HttpAnswer> {
  const { namespace } = gatewayTarget(ctx.config)
  const scraped: ServiceTarget = { namespace, component: 'litellm', ...METRICS_SERVICE }
  try {
    return await ctx.serviceCalls.call(scraped, { path: '/metrics' }, ctx.signal)
  } catch (error) {
    if (!(error instanceof Error && 'code' in error && error.code === 'PodSimulated')) throw error
    const key = await masterKeyInCluster(ctx)
    return await ctx.serviceCalls.call(gatewayTarget(ctx.config), { path: '/metrics/', key }, ctx.signal)
  }
}

function judged(lookedAt: string, asked: readonly string[], answer: HttpAnswer): CheckResult {
  const hint = 'llmgw deploy monitoring litellm'
  const { status, text } = answer
  if (status !== 200) return verdict(lookedAt, [`HTTP ${status}: ${messageIn(text)}`], { good: '', hint })
  const served = namesServed(answer)
  if (served.size === 0) return verdict(lookedAt, ['there is no metric of LiteLLM'], { good: '', hint })
  const expected = asked.filter((name) => !NOT_FOR_EVERY_CALL.test(name)).map(family)
  const missing = [...new Set(expected)].filter((name) => !served.has(name))
  // Before the first call that a model answered there are none of calls.
  const called = ANSWERED.some((name) => served.has(name))
  if (missing.length > 0 && !called) {
    return {
      result: 'skip',
      lookedAt,
      found: 'nobody has called a model since LiteLLM started',
      hint: 'llmgw chat hello',
    }
  }
  const wrong = missing.map((name) => `the dashboards ask for ${name}, which is not there`)
  return verdict(lookedAt, wrong, { good: `all ${expected.length} that every call leaves`, hint })
}
