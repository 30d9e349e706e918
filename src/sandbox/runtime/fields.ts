import { quantityOf } from '../../ports/quantity.ts'
import type { Container, Pod } from './objects.ts'

/** What the node knows of a Pod beyond its object. */
export interface PodFacts {
  readonly address: string
  readonly hostAddress: string
}

/** Value of a `fieldRef`, or undefined when there is no such field. Source: k8s.io/kubernetes/pkg/kubelet/kubelet_pods.go, podFieldSelectorRuntimeValue. */
export function fieldValue(pod: Pod, path: string, facts: PodFacts): string | undefined {
  const { metadata, spec } = pod
  const indexed = /^metadata\.(labels|annotations)\['([^']+)'\]$/.exec(path)
  if (indexed) return metadata[indexed[1] as 'labels' | 'annotations']?.[indexed[2] ?? ''] ?? ''
  const values: Readonly<Record<string, string | undefined>> = {
    'metadata.name': metadata.name,
    'metadata.namespace': metadata.namespace,
    'metadata.uid': metadata.uid,
    'metadata.labels': lines(metadata.labels),
    'metadata.annotations': lines(metadata.annotations),
    'spec.nodeName': spec.nodeName,
    'spec.serviceAccountName': spec.serviceAccountName ?? 'default',
    'status.podIP': facts.address,
    'status.podIPs': facts.address,
    'status.hostIP': facts.hostAddress,
    'status.hostIPs': facts.hostAddress,
  }
  return values[path]
}

const lines = (map: Readonly<Record<string, string>> | undefined): string =>
  Object.entries(map ?? {})
    .map(([key, value]) => `${key}=${JSON.stringify(value)}`)
    .sort()
    .join('\n')

/** Value of a `resourceFieldRef` in units of its divisor, rounded up as a kubelet does; a limit that is not set counts as zero. */
export function resourceValue(container: Container, resource: string, divisor = '1'): string | undefined {
  const [, list, name] = /^(limits|requests)\.(.+)$/.exec(resource) ?? []
  if (list === undefined || name === undefined) return undefined
  const { limits, requests } = container.resources ?? {}
  const quantity = (list === 'limits' ? limits : (requests ?? limits))?.[name]
  const unit = quantityOf(divisor === '0' ? '1' : divisor) ?? 1
  return String(Math.ceil((quantityOf(quantity ?? '0') ?? 0) / unit))
}
