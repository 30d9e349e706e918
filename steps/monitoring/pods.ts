import type { PodShape, ResourceValues } from '../helm-release/definition.ts'

interface Container {
  readonly resources?: ResourceValues
}

/** Values of the chart that decide what its pods ask for. */
interface StackValues {
  readonly prometheusOperator?: Container & { readonly prometheusConfigReloader?: Container }
  readonly prometheus?: { readonly prometheusSpec?: Container & { readonly replicas?: number } }
  readonly alertmanager?: { readonly alertmanagerSpec?: Container & { readonly replicas?: number } }
  readonly grafana?: Container & { readonly sidecar?: Container }
  readonly 'kube-state-metrics'?: Container
}

/**
 * Pods of the stack, but for the node exporter, of which each node has one that asks for little.
 * Source: kube-prometheus-stack chart and its grafana subchart: two sidecars, a config reloader beside each server.
 */
export function monitoringPods(values: StackValues): readonly PodShape[] {
  const { prometheusOperator = {}, grafana = {} } = values
  const prometheus = values.prometheus?.prometheusSpec ?? {}
  const alertmanager = values.alertmanager?.alertmanagerSpec ?? {}
  const reloader = prometheusOperator.prometheusConfigReloader ?? {}
  const pod = (name: string, replicas: number, containers: readonly Container[]): PodShape => ({
    name,
    replicas,
    containers: containers.map(({ resources = {} }) => resources),
  })
  return [
    pod('prometheus', prometheus.replicas ?? 1, [prometheus, reloader]),
    pod('alertmanager', alertmanager.replicas ?? 1, [alertmanager, reloader]),
    pod('grafana', 1, [grafana, grafana.sidecar ?? {}, grafana.sidecar ?? {}]),
    pod('operator', 1, [prometheusOperator]),
    pod('kube-state-metrics', 1, [values['kube-state-metrics'] ?? {}]),
  ]
}
