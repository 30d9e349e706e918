import type { PodShape, ResourceValues } from '../helm-release/definition.ts'

/** Values of the chart that decide what its pods ask for. */
interface LitellmValues {
  readonly gateway?: {
    readonly replicaCount?: number
    readonly hpa?: { readonly enabled?: boolean; readonly minReplicas?: number }
    readonly resources?: ResourceValues
    readonly metricsServer?: { readonly enabled?: boolean; readonly resources?: ResourceValues }
  }
}

/** Pods of the proxy, with the container that serves its metrics. Source: litellm chart, `litellm.workload.deployment`. */
export function litellmPods({ gateway = {} }: LitellmValues): readonly PodShape[] {
  const { replicaCount = 1, hpa = {}, resources = {}, metricsServer = {} } = gateway
  const replicas = hpa.enabled ? (hpa.minReplicas ?? 1) : replicaCount
  const metrics = metricsServer.enabled ? [metricsServer.resources ?? {}] : []
  return [{ name: 'litellm', replicas, containers: [resources, ...metrics] }]
}
