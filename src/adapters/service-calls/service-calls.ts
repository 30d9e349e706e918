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
      const route = await routeToService(kube, service, { ...surroundings, signal: limit })
      return await receive(route, await send(route, ask, limit))
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
async function refuseSimulated(kube: Kube, { namespace, name, port }: PodTarget, signal: AbortSignal): Promise<void> {
  const door = await kube.find({ apiVersion: 'kwok.x-k8s.io/v1alpha1', kind: 'PortForward', namespace, name }, signal)
  const { forwards = [] } = (door?.spec ?? {}) as PortForward
  if (forwards.some(({ ports = [] }) => ports.includes(port))) return
  throw new StepError(
    'PodSimulated',
    `port ${port} of pod ${namespace}/${name} is simulated: nobody is there to answer`,
    {
      hint: 'llmgw sandbox status',
    },
  )
}
