import { StepError } from '../../errors.ts'
import type { Kube } from '../../ports/kube.ts'
import type { ServiceCalls, ServiceTarget } from '../../ports/service-calls.ts'
import { findReadyPod, type PodTarget } from './ready-pod.ts'
import { ANSWER_WITHIN_MS, type Route, receive, send } from './send.ts'

export interface Surroundings {
  /** Pods may be simulated there: nobody listens in those. */
  readonly sandbox: boolean
}

/** Calls of Services through the API server, as kubectl port-forward leads there. */
export function createServiceCalls(kube: Kube, surroundings: Surroundings): ServiceCalls {
  return {
    async call(service, ask, signal) {
      const deadline = AbortSignal.timeout(ANSWER_WITHIN_MS)
      const limit = signal ? AbortSignal.any([signal, deadline]) : deadline
      const pod = await findReadyPod(kube, service, limit)
      if (surroundings.sandbox) await refuseSimulated(kube, pod, limit)
      const route = routeTo(kube, service, pod)
      try {
        return await receive(route, await send(route, ask, limit))
      } catch (error) {
        limit.throwIfAborted()
        if (await isOnKwokNode(kube, pod, limit)) throw simulated(pod)
        throw error
      }
    },
  }
}

/** A way to a ready pod of a Service. @throws StepError ServiceNotThere, ServiceNotReady, PodSimulated */
export async function routeToService(
  kube: Kube,
  service: ServiceTarget,
  { sandbox, signal }: Surroundings & { readonly signal: AbortSignal },
): Promise<Route> {
  const pod = await findReadyPod(kube, service, signal)
  if (sandbox) await refuseSimulated(kube, pod, signal)
  return routeTo(kube, service, pod)
}

function routeTo(kube: Kube, service: ServiceTarget, pod: PodTarget): Route {
  return {
    kind: 'pod',
    title: `pod ${pod.namespace}/${pod.name}`,
    component: service.component,
    open: (until) => kube.connect(pod, until),
  }
}

interface PortForward {
  readonly forwards?: readonly { readonly ports?: readonly number[] }[]
}

/** The sandbox leads connections into a pod by such an object, which it writes for ports of real processes alone. */
async function refuseSimulated(kube: Kube, pod: PodTarget, signal: AbortSignal): Promise<void> {
  const { namespace, name, port } = pod
  const door = await kube.find({ apiVersion: 'kwok.x-k8s.io/v1alpha1', kind: 'PortForward', namespace, name }, signal)
  const { forwards = [] } = (door?.spec ?? {}) as PortForward
  if (forwards.some(({ ports = [] }) => ports.includes(port))) return
  throw simulated(pod)
}

/** Asked only where nobody answered: kwok marks nodes whose pods are simulated. Source: kwok documentation, node annotations. */
async function isOnKwokNode(kube: Kube, { namespace, name }: PodTarget, signal: AbortSignal): Promise<boolean> {
  const pod = await kube.find({ apiVersion: 'v1', kind: 'Pod', namespace, name }, signal)
  const { nodeName } = (pod?.spec ?? {}) as { readonly nodeName?: string }
  if (nodeName === undefined) return false
  const node = await kube.find({ apiVersion: 'v1', kind: 'Node', name: nodeName }, signal).catch(() => undefined)
  return node?.metadata.annotations?.['kwok.x-k8s.io/node'] === 'fake'
}

function simulated({ namespace, name, port }: PodTarget): StepError {
  const message = `port ${port} of pod ${namespace}/${name} is simulated: nobody is there to answer`
  return new StepError('PodSimulated', message, { hint: 'llmgw sandbox status' })
}
