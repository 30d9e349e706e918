import { applied } from '../../src/engine/step.ts'
import type { KubeObject, Services } from '../../src/ports/index.ts'
import { namespaces } from '../namespaces.ts'
import { ownLabels } from '../ownership.ts'
import { plainObjects } from '../plain-objects.ts'
import { always, withRedis } from './objects.ts'
import { monitoringOff } from './off.ts'

const FILES = [
  { name: 'gateway', file: 'manifests/monitoring/dashboards/gateway.json', when: always },
  { name: 'redis', file: 'manifests/monitoring/dashboards/redis.json', when: withRedis },
  { name: 'workloads', file: 'manifests/monitoring/dashboards/workloads.json', when: always },
] as const

/** What Grafana's sidecar looks for, as helm-values/kube-prometheus-stack.yaml tells it. */
export const DASHBOARD_LABEL = { grafana_dashboard: '1' } as const

/** The ConfigMaps from which Grafana's sidecar takes the dashboards of this configuration. */
export async function dashboardObjects(ctx: Services): Promise<readonly KubeObject[]> {
  const wanted = FILES.filter(({ when }) => when(ctx.config))
  return await Promise.all(
    wanted.map(async ({ name, file }) => ({
      apiVersion: 'v1',
      kind: 'ConfigMap',
      metadata: {
        name: `llmgw-dashboard-${name}`,
        namespace: ctx.config.namespaces.monitoring,
        labels: { ...ownLabels(ctx), ...DASHBOARD_LABEL },
        annotations: { grafana_folder: 'LLM gateway' },
      },
      data: { [`llmgw-${name}.json`]: await ctx.assets.text(file) },
    })),
  )
}

/** The dashboards, which Grafana loads within seconds. */
export const dashboards = plainObjects({
  id: 'dashboards',
  title: 'Provide dashboards',
  component: 'monitoring',
  needs: [applied(namespaces)],
  off: monitoringOff,
  objects: dashboardObjects,
})
