import { differences, refOf } from '../desired.ts'
import { isUpToDate, operatorVersion } from '../monitoring/crd-age.ts'
import { DASHBOARD_LABEL, dashboardObjects } from '../monitoring/dashboards.ts'
import { monitoringOff } from '../monitoring/off.ts'
import { MONITORING_SERVICES } from '../monitoring/services.ts'
import { RELEASES } from '../names.ts'
import { type Check, type CheckContext, verdict } from './check.ts'
import { readinessWords } from './health.ts'
import { monitorsReach, rulesSelected } from './monitoring-selected.ts'
import { objectsReady, releaseDeployed, type Subject, serviceReady } from './release-checks.ts'
import { targetsUp } from './scraping.ts'
import { whereOn } from './where-on.ts'

const MONITORING: Subject = {
  component: 'monitoring',
  name: RELEASES.monitoring.name,
  namespace: ({ namespaces }) => namespaces.monitoring,
  off: (config) => monitoringOff(config) !== undefined,
}

const CLAIM = 'PersistentVolumeClaim'
const HINT = 'llmgw deploy monitoring'

const crdsEstablished: Check = {
  id: 'monitoring-crds',
  component: 'monitoring',
  title: 'CRDs of the Prometheus operator are established, and no older than the chart',
  run: whereOn(async (ctx) => {
    const { objects } = await ctx.helm.crds(RELEASES.monitoring.chart, ctx.signal)
    const wanted = await objects()
    const [live, health] = await Promise.all([
      Promise.all(wanted.map((crd) => ctx.kube.find(refOf(crd), ctx.signal))),
      ctx.readiness.look(wanted.map(refOf), ctx.signal),
    ])
    const old = wanted.flatMap((crd, index) => {
      const found = live[index]
      if (found === undefined || isUpToDate(found, crd)) return []
      return [`${crd.metadata.name} is of operator ${operatorVersion(found)}, expected ${operatorVersion(crd)}`]
    })
    const none = wanted.length === 0 ? ['the chart has no CRDs'] : []
    const lookedAt = `${wanted.length} CRDs of the Prometheus operator`
    return verdict(lookedAt, [...none, ...readinessWords(health), ...old], { good: 'all established', hint: HINT })
  }),
}

const dashboardsLoaded: Check = {
  id: 'dashboards',
  component: 'monitoring',
  title: 'Dashboards are where Grafana looks for them',
  run: whereOn(async (ctx) => {
    const wanted = await dashboardObjects(ctx)
    const faults = await Promise.all(
      wanted.map(async (object) => {
        const { name, labels } = object.metadata
        const live = await ctx.kube.find(refOf(object), ctx.signal)
        if (live === undefined) return [`ConfigMap ${name} is not there`]
        const label = differences(labels, live.metadata.labels)
        return [
          ...label.map(
            ({ path, before, after }) => `${name}: label ${path} is ${before ?? 'absent'}, expected ${after}`,
          ),
          ...(differences(object.data, live.data).length > 0 ? [`${name} holds another dashboard`] : []),
        ]
      }),
    )
    const lookedAt = `ConfigMaps ${wanted.map(({ metadata }) => metadata.name).join(', ')} and the sidecar of Grafana`
    const wrong = [...faults.flat(), ...(await sidecarFaults(ctx))]
    return verdict(lookedAt, wrong, { good: `${wanted.length} as wanted`, hint: HINT })
  }),
}

interface SidecarSpec {
  readonly template?: {
    readonly spec?: {
      readonly containers?: readonly { readonly env?: readonly { readonly name: string; readonly value?: string }[] }[]
    }
  }
}

/** The sidecar takes what has one label; without one that looks for ours no dashboard is ever loaded. */
async function sidecarFaults(ctx: CheckContext): Promise<readonly string[]> {
  const { name } = MONITORING_SERVICES.grafana
  const namespace = ctx.config.namespaces.monitoring
  const live = await ctx.kube.find({ apiVersion: 'apps/v1', kind: 'Deployment', name, namespace }, ctx.signal)
  const containers = ((live?.spec ?? {}) as SidecarSpec).template?.spec?.containers ?? []
  const [[label, value] = ['', '']] = Object.entries(DASHBOARD_LABEL)
  const looksForOurs = containers.some(({ env = [] }) => {
    const of = (key: string) => env.find((one) => one.name === key)?.value
    return of('LABEL') === label && of('LABEL_VALUE') === value
  })
  return looksForOurs ? [] : [`no container of Deployment ${name} looks for ConfigMaps with ${label}=${value}`]
}

export const monitoringChecks: readonly Check[] = [
  crdsEstablished,
  releaseDeployed(MONITORING),
  objectsReady(
    MONITORING,
    { id: 'rollout-monitoring', title: 'Operator, Prometheus, Alertmanager and Grafana have rolled out' },
    ({ kind }) => kind !== CLAIM,
  ),
  objectsReady(
    MONITORING,
    { id: 'volumes-monitoring', title: 'Volumes of monitoring are bound' },
    ({ kind }) => kind === CLAIM,
  ),
  serviceReady(MONITORING, {
    id: 'prometheus-endpoints',
    title: 'Prometheus Service leads to ready endpoints',
    service: () => MONITORING_SERVICES.prometheus.name,
  }),
  dashboardsLoaded,
  rulesSelected,
  monitorsReach,
  targetsUp,
]
