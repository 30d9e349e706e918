import type { Config } from '../../src/config/schema.ts'
import { JAEGER_SERVICE } from '../jaeger/service.ts'
import { RELEASES } from '../names.ts'
import { type Check, type CheckContext, type CheckResult, verdict } from './check.ts'
import { addressFaults, variableOf } from './service-address.ts'
import { whereAnswered } from './silent.ts'

const VARIABLE = 'OTEL_EXPORTER_OTLP_ENDPOINT'

const notTraced = ({ tracing }: Config): string | undefined =>
  tracing.kind === 'jaeger' ? undefined : `tracing.kind is ${tracing.kind}`

/** An exporter that reaches nobody drops its spans, and tells only its log. */
export const exporterTarget: Check = {
  id: 'trace-exporter',
  component: 'litellm',
  title: 'LiteLLM sends its traces to a Service that takes them',
  async run(ctx) {
    const off = notTraced(ctx.config)
    if (off !== undefined) return { result: 'skip', lookedAt: 'the configuration', found: off }
    const { gateway: namespace } = ctx.config.namespaces
    const ref = { apiVersion: 'apps/v1', kind: 'Deployment', name: RELEASES.litellm.name, namespace }
    const lookedAt = `${VARIABLE} of Deployment ${namespace}/${ref.name}, and the Service that it names`
    const hint = 'llmgw deploy litellm jaeger'
    const endpoint = await variableOf(ctx, ref, VARIABLE)
    if ('lacking' in endpoint) return verdict(lookedAt, [endpoint.lacking], { good: '', hint })
    return verdict(lookedAt, await addressFaults(ctx, endpoint.text, namespace), { good: endpoint.text, hint })
  },
}

/** What people see in the end. Jaeger keeps traces in memory: right after its start there are none. */
export const tracesArrive: Check = {
  id: 'traces',
  component: 'jaeger',
  title: 'Traces of LiteLLM arrive in Jaeger',
  async run(ctx) {
    const off = notTraced(ctx.config)
    if (off !== undefined) return { result: 'skip', lookedAt: 'the configuration', found: off }
    const { monitoring: namespace } = ctx.config.namespaces
    const lookedAt = `/api/services of Service ${namespace}/${JAEGER_SERVICE.name}`
    return await whereAnswered(lookedAt, async () => judged(lookedAt, await servicesTraced(ctx)))
  },
}

async function servicesTraced(ctx: CheckContext): Promise<readonly string[] | string> {
  const { name, ports } = JAEGER_SERVICE
  const namespace = ctx.config.namespaces.monitoring
  const target = { namespace, name, port: ports['http-query'], component: 'jaeger' } as const
  const { status, text } = await ctx.serviceCalls.call(target, { path: '/api/services' }, ctx.signal)
  if (status !== 200) return `HTTP ${status}: ${text.slice(0, 200)}`
  return (JSON.parse(text) as { readonly data?: readonly string[] | null }).data ?? []
}

function judged(lookedAt: string, services: readonly string[] | string): CheckResult {
  const hint = 'llmgw chat hello, then look again'
  if (typeof services === 'string') return verdict(lookedAt, [services], { good: '', hint: 'llmgw diagnose jaeger' })
  if (services.includes('litellm')) return { result: 'pass', lookedAt, found: services.join(', ') }
  const found = `none of LiteLLM since Jaeger started${services.length > 0 ? `, only of ${services.join(', ')}` : ''}`
  return { result: 'warn', lookedAt, found, hint }
}
