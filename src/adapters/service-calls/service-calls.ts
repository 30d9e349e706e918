import type { Kube } from '../../ports/kube.ts'
import type { ServiceCalls, ServiceTarget } from '../../ports/service-calls.ts'
import { findReadyPod, type PodTarget } from './ready-pod.ts'
import { ANSWER_WITHIN_MS, type Route, receive, send } from './send.ts'

/** Calls of Services through the API server, as kubectl port-forward leads there. */
export function createServiceCalls(kube: Kube): ServiceCalls {
  return {
    async call(service, ask, signal) {
      const deadline = AbortSignal.timeout(ANSWER_WITHIN_MS)
      const limit = signal ? AbortSignal.any([signal, deadline]) : deadline
      const route = await routeToService(kube, service, limit)
      return await receive(route, await send(route, ask, limit))
    },
  }
}

/** A way to a ready pod of a Service. @throws StepError ServiceNotThere, ServiceNotReady */
export async function routeToService(kube: Kube, service: ServiceTarget, signal: AbortSignal): Promise<Route> {
  const pod = await findReadyPod(kube, service, signal)
  return {
    kind: 'pod',
    title: `pod ${pod.namespace}/${pod.name}`,
    port: pod.port,
    component: service.component,
    open: (until) => kube.connect(pod, until),
    isSimulated: (until) => isSimulated(kube, pod, until),
  }
}

interface PortForward {
  readonly forwards?: readonly { readonly ports?: readonly number[] }[]
}

/**
 * Whether nobody can answer there: kwok marks nodes whose pods it makes up, and such an object leads into those of them
 * that are real. Source: kwok documentation, node annotations and PortForward.
 */
async function isSimulated(kube: Kube, { namespace, name, port }: PodTarget, signal: AbortSignal): Promise<boolean> {
  const pod = await kube.find({ apiVersion: 'v1', kind: 'Pod', namespace, name }, signal)
  const { nodeName } = (pod?.spec ?? {}) as { readonly nodeName?: string }
  if (nodeName === undefined) return false
  const node = await kube.find({ apiVersion: 'v1', kind: 'Node', name: nodeName }, signal)
  if (node?.metadata.annotations?.['kwok.x-k8s.io/node'] !== 'fake') return false
  const door = await kube.find({ apiVersion: 'kwok.x-k8s.io/v1alpha1', kind: 'PortForward', namespace, name }, signal)
  const { forwards = [] } = (door?.spec ?? {}) as PortForward
  return !forwards.some(({ ports = [] }) => ports.includes(port))
}
