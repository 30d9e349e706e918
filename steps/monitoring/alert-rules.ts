import { applied, ready } from '../../src/engine/step.ts'
import type { Services } from '../../src/ports/index.ts'
import { namespaces } from '../namespaces.ts'
import { plainObjects } from '../plain-objects.ts'
import { monitoringCrds } from './monitoring-crds.ts'
import { always, type MonitoringFile, monitoringObjects, withJaeger, withRedis } from './objects.ts'
import { monitoringOff } from './off.ts'

/** Rules about what is deployed: what is absent on purpose must not alarm anybody. */
const FILES: readonly MonitoringFile[] = [
  { file: 'manifests/monitoring/alerts/gateway.yaml', when: always },
  { file: 'manifests/monitoring/alerts/redis.yaml', when: withRedis },
  { file: 'manifests/monitoring/alerts/jaeger.yaml', when: withJaeger },
]

/** The PrometheusRules of this configuration. */
export const alertRuleObjects = (ctx: Services) => monitoringObjects(ctx, FILES)

/** Alerts about the gateway and what it needs; those about the cluster come with the chart. */
export const alertRules = plainObjects({
  id: 'alert-rules',
  title: 'Apply alert rules',
  component: 'monitoring',
  needs: [applied(namespaces), ready(monitoringCrds)],
  off: monitoringOff,
  objects: alertRuleObjects,
})
