import { applied, ready } from '../../src/engine/step.ts'
import { bytesOf } from '../../src/ports/quantity.ts'
import { secretSync } from '../external-secrets/secret-sync.ts'
import { helmRelease } from '../helm-release.ts'
import { tracingOf } from '../jaeger/service.ts'
import { RELEASES } from '../names.ts'
import { namespaces } from '../namespaces.ts'
import { storage } from '../storage.ts'
import { monitoringCrds } from './monitoring-crds.ts'
import { monitoringOff, monitoringSettings } from './off.ts'
import { monitoringPods } from './pods.ts'
import { removeOperatorObjects, removeTraces } from './remove.ts'
import { MONITORING_SERVICES } from './services.ts'

/** Share of its volume that Prometheus fills: the write-ahead log and a compaction need room beside the blocks. */
const VOLUME_SHARE = 0.8

/** Where people and programs find the parts. */
interface MonitoringOut {
  readonly prometheus: string
  readonly alertmanager: string
  readonly grafana: string
}

const release = helmRelease<MonitoringOut>({
  id: 'monitoring',
  title: 'Install Prometheus, Alertmanager and Grafana',
  component: 'monitoring',
  needs: [applied(namespaces), applied(storage), ready(monitoringCrds), ready(secretSync)],
  off: monitoringOff,
  release: RELEASES.monitoring,
  namespace: (config) => config.namespaces.monitoring,
  baseValues: 'helm-values/kube-prometheus-stack.yaml',
  values({ config }) {
    const { memory, retention, storage: sizes, nodeExporter } = monitoringSettings(config)
    const requests = (size: string) => ({ spec: { resources: { requests: { storage: size } } } })
    const query = tracingOf(config)?.query
    return {
      nodeExporter: { enabled: nodeExporter },
      prometheus: {
        prometheusSpec: {
          retention,
          // Units of Prometheus are powers of two.
          retentionSize: `${Math.floor((bytesOf(sizes.prometheus) * VOLUME_SHARE) / 2 ** 20)}MB`,
          resources: { requests: { memory }, limits: { memory } },
          storageSpec: { volumeClaimTemplate: requests(sizes.prometheus) },
        },
      },
      alertmanager: { alertmanagerSpec: { storage: { volumeClaimTemplate: requests(sizes.alertmanager) } } },
      grafana: {
        persistence: { size: sizes.grafana },
        // The chart would let it read ConfigMaps of all namespaces.
        sidecar: { dashboards: { searchNamespace: config.namespaces.monitoring } },
        additionalDataSources:
          query === undefined ? [] : [{ name: 'Jaeger', type: 'jaeger', uid: 'jaeger', access: 'proxy', url: query }],
      },
    }
  },
  pods: monitoringPods,
  out({ config }) {
    const at = ({ name, port }: { readonly name: string; readonly port: number }) =>
      `http://${name}.${config.namespaces.monitoring}.svc:${port}`
    const { prometheus, alertmanager, grafana } = MONITORING_SERVICES
    return { prometheus: at(prometheus), alertmanager: at(alertmanager), grafana: at(grafana) }
  },
})

/** kube-prometheus-stack. Its Prometheus and Alertmanager are StatefulSets that its operator makes. */
export const monitoring: typeof release = {
  ...release,
  async destroy(ctx) {
    await removeOperatorObjects(ctx)
    await release.destroy?.(ctx)
    await removeTraces(ctx)
  },
}
