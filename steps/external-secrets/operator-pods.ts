import type { PodShape, ResourceValues } from '../helm-release/definition.ts'

interface Workload {
  readonly replicaCount?: number
  readonly resources?: ResourceValues
}

/** Values of the chart that decide what its pods ask for. */
interface OperatorValues extends Workload {
  readonly webhook?: Workload
  readonly certController?: Workload
}

/** Pods of the operator: one container each, one replica unless told. Source: external-secrets chart, values.yaml. */
export function operatorPods(values: OperatorValues): readonly PodShape[] {
  const workloads: readonly (readonly [string, Workload | undefined])[] = [
    ['external-secrets', values],
    ['external-secrets-webhook', values.webhook],
    ['external-secrets-cert-controller', values.certController],
  ]
  return workloads.map(([name, { replicaCount = 1, resources = {} } = {}]) => ({
    name,
    replicas: replicaCount,
    containers: [resources],
  }))
}
