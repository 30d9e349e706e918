import { buildGraph } from '../src/engine/graph.ts'
import { steps } from '../steps/index.ts'

/** Step of each Helm release. */
const STEP_OF: Readonly<Record<string, string>> = {
  'external-secrets': 'external-secrets',
  gatekeeper: 'gatekeeper',
  jaeger: 'jaeger',
  'kube-prometheus': 'monitoring',
  litellm: 'litellm',
  'open-webui': 'openwebui',
  redis: 'redis',
}

/**
 * For how many seconds a pod of the release is not ready, as `stages/pod-ready.yaml` says. Of the monitoring stack the operator
 * comes first, and makes Prometheus. External Secrets runs for real, and takes what it takes.
 */
const POD_S: Readonly<Record<string, number>> = {
  gatekeeper: 2,
  jaeger: 3,
  'kube-prometheus': 2 + 4,
  litellm: 8,
  'open-webui': 6,
  redis: 3,
}

/** How long something took: helm for a release, in seconds. */
export interface HelmTime {
  readonly release: string
  readonly seconds: number
}

/**
 * Seconds that a fresh install takes at least, where only helm and pods take time and everything else is for nothing: the
 * longest chain of needs.
 * @param inTurn pods of a release that start one after the other
 */
export function criticalPath(times: readonly HelmTime[], inTurn: Readonly<Record<string, number>>): number {
  const graph = buildGraph(steps)
  const helm = new Map<string, number>()
  const pods = new Map<string, number>()
  for (const { release, seconds } of times) {
    const step = STEP_OF[release]
    if (step === undefined) throw new Error(`no step is known for release ${release}`)
    helm.set(step, seconds)
    pods.set(step, (POD_S[release] ?? 0) * (inTurn[release] ?? 1))
  }
  const applied = new Map<string, number>()
  const ready = new Map<string, number>()
  for (const { id, needs } of graph.order) {
    const begun = needs.map(({ edge, step }) => (edge === 'applied' ? applied : ready).get(step.id) ?? 0)
    applied.set(id, Math.max(0, ...begun) + (helm.get(id) ?? 0))
    ready.set(id, (applied.get(id) ?? 0) + (pods.get(id) ?? 0))
  }
  return Math.max(...ready.values())
}
