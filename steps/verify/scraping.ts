import { wantedMonitors } from '../monitoring/monitors.ts'
import { MONITORING_SERVICES } from '../monitoring/services.ts'
import { type Check, type CheckContext, verdict } from './check.ts'
import { CannotAsk, whereAnswered } from './silent.ts'
import { whereOn } from './where-on.ts'

/** A target as Prometheus tells it. Source: Prometheus documentation, HTTP API, targets. */
interface Target {
  readonly scrapePool: string
  readonly health: 'up' | 'down' | 'unknown'
  readonly lastError?: string
}

async function activeTargets(ctx: CheckContext): Promise<readonly Target[]> {
  const { name, port } = MONITORING_SERVICES.prometheus
  const service = { namespace: ctx.config.namespaces.monitoring, name, port, component: 'monitoring' } as const
  const { status, text } = await ctx.serviceCalls.call(service, { path: '/api/v1/targets?state=active' }, ctx.signal)
  if (status !== 200) throw new CannotAsk(`Prometheus answers HTTP ${status}: ${text.slice(0, 200)}`)
  const { data } = JSON.parse(text) as { readonly data?: { readonly activeTargets?: readonly Target[] } }
  return data?.activeTargets ?? []
}

/** A monitor may be all right and lead nowhere: a denied connection, a port that wants a key. */
export const targetsUp: Check = {
  id: 'prometheus-targets',
  component: 'monitoring',
  title: 'Prometheus reaches what our monitors select',
  run: whereOn(async (ctx) => {
    const namespace = ctx.config.namespaces.monitoring
    const lookedAt = `targets of Prometheus ${namespace}/${MONITORING_SERVICES.prometheus.name}`
    return await whereAnswered(lookedAt, async () => {
      const [targets, monitors] = await Promise.all([activeTargets(ctx), wantedMonitors(ctx)])
      const deployed = await Promise.all(
        monitors.map(({ release }) => ctx.helm.find(release.name, release.namespace, ctx.signal)),
      )
      const faults = monitors.flatMap(({ object }, index) => {
        if (deployed[index] === undefined) return []
        const { kind, metadata } = object
        // Source: prometheus-operator, names of scrape pools.
        const pool = `${kind.charAt(0).toLowerCase()}${kind.slice(1)}/${metadata.namespace}/${metadata.name}/`
        const own = targets.filter(({ scrapePool }) => scrapePool.startsWith(pool))
        if (own.length === 0) return [`${kind} ${metadata.name} gives no target`]
        return own
          .filter(({ health }) => health === 'down')
          .map(({ lastError }) => `${kind} ${metadata.name}: ${lastError || 'a target is down'}`)
      })
      const wrong = [...new Set(faults)]
      return verdict(lookedAt, wrong, { good: `${targets.length} targets`, hint: 'llmgw diagnose monitoring' })
    })
  }),
}
