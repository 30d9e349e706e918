import type { PodShape, ResourceValues } from '../helm-release/definition.ts'

interface Workload {
  readonly resources?: ResourceValues
}

/** Values of the chart that decide what its pods ask for. */
interface GatekeeperValues {
  readonly replicas?: number
  readonly controllerManager?: Workload
  readonly audit?: Workload
}

/** Pods of Gatekeeper: the webhook's, and the one that audits. Source: gatekeeper chart, templates of its Deployments. */
export function gatekeeperPods({ replicas = 3, controllerManager, audit }: GatekeeperValues): readonly PodShape[] {
  return [
    { name: 'gatekeeper-controller-manager', replicas, containers: [controllerManager?.resources ?? {}] },
    { name: 'gatekeeper-audit', replicas: 1, containers: [audit?.resources ?? {}] },
  ]
}
