import { StepError } from '../../errors.ts'
import type { Kube, KubeObject } from '../../ports/kube.ts'
import type { ServiceTarget } from '../../ports/service-calls.ts'

/** A port of a pod that answers for a Service. */
export interface PodTarget {
  readonly namespace: string
  readonly name: string
  readonly port: number
}

interface ServiceSpec {
  readonly selector?: Readonly<Record<string, string>>
  readonly ports?: readonly { readonly port: number; readonly targetPort?: number | string }[]
}

interface PodSpec {
  readonly containers: readonly {
    readonly ports?: readonly { readonly name?: string; readonly containerPort: number }[]
  }[]
}

/**
 * A ready pod behind a Service, as the Service itself would choose one.
 * @throws StepError ServiceNotThere, or ServiceNotReady when nothing ready stands behind it
 */
export async function findReadyPod(kube: Kube, target: ServiceTarget, signal?: AbortSignal): Promise<PodTarget> {
  const { namespace, name, component } = target
  const service = await kube.find({ apiVersion: 'v1', kind: 'Service', namespace, name }, signal)
  if (service === undefined) {
    throw new StepError('ServiceNotThere', `Service ${namespace}/${name} is not there`, {
      hint: `llmgw deploy ${component} --with-needs`,
    })
  }
  const { selector = {}, ports = [] } = (service.spec ?? {}) as ServiceSpec
  const labels = Object.entries(selector).map(([key, value]) => `${key}=${value}`)
  const pods =
    labels.length === 0
      ? []
      : await kube.list({ apiVersion: 'v1', kind: 'Pod', namespace, labelSelector: labels.join(',') }, signal)
  const pod = pods.find(isReady)
  const wanted = ports.find(({ port }) => port === target.port)
  const port = pod && wanted && portOf(pod, wanted.targetPort ?? wanted.port)
  if (pod !== undefined && port !== undefined) return { namespace, name: pod.metadata.name, port }
  const fault = wanted === undefined ? `it has no port ${target.port}` : `${pods.length} pods found`
  throw new StepError('ServiceNotReady', `no ready pod stands behind Service ${namespace}/${name} (${fault})`, {
    hint: `llmgw diagnose ${component}`,
  })
}

function isReady({ metadata, status }: KubeObject): boolean {
  const { conditions = [] } = (status ?? {}) as { conditions?: readonly { type: string; status: string }[] }
  const ready = conditions.some((one) => one.type === 'Ready' && one.status === 'True')
  return ready && metadata.deletionTimestamp === undefined
}

function portOf(pod: KubeObject, target: number | string): number | undefined {
  if (typeof target === 'number') return target
  const { containers } = pod.spec as PodSpec
  return containers.flatMap(({ ports = [] }) => ports).find(({ name }) => name === target)?.containerPort
}
