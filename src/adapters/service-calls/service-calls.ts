import type { Kube } from '../../ports/kube.ts'
import type { ServiceCalls, ServiceTarget } from '../../ports/service-calls.ts'
import { findReadyPod } from './ready-pod.ts'
import { ANSWER_WITHIN_MS, type Route, receive, send } from './send.ts'
import { isSimulated } from './simulated-pod.ts'

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
