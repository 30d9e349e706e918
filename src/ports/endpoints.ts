import type { KubeObject, ListQuery } from './kube.ts'

/** On every EndpointSlice of a Service. Source: Kubernetes API reference, EndpointSlice. */
const SERVICE_NAME = 'kubernetes.io/service-name'

/** One place that a Service leads to. */
export interface Endpoint {
  readonly conditions?: { readonly ready?: boolean }
  readonly targetRef?: { readonly kind?: string; readonly name?: string }
}

/** EndpointSlices of one Service, or of all Services of a namespace. */
export const slicesOf = (namespace: string, service?: string): ListQuery => ({
  apiVersion: 'discovery.k8s.io/v1',
  kind: 'EndpointSlice',
  namespace,
  ...(service !== undefined && { labelSelector: `${SERVICE_NAME}=${service}` }),
})

/** What one slice lists. The API server writes `null` where there is nothing. */
export const endpointsIn = (slice: KubeObject): readonly Endpoint[] =>
  (slice.endpoints as readonly Endpoint[] | null | undefined) ?? []

/** What a Service leads to, among slices that may be of others, too. */
export const endpointsOf = (service: string, slices: readonly KubeObject[]): readonly Endpoint[] =>
  slices.filter(({ metadata }) => metadata.labels?.[SERVICE_NAME] === service).flatMap(endpointsIn)

/** Unknown counts as ready. Source: Kubernetes API reference, EndpointConditions. */
export const isReady = ({ conditions }: Endpoint): boolean => conditions?.ready !== false
