import type { KubeObject } from '../../../src/ports/kube.ts'

type Bag = Readonly<Record<string, unknown>>

/** An object of the namespace `n`, observed in its newest generation. */
export function object(apiVersion: string, kind: string, name: string, rest: Bag = {}): KubeObject {
  const { metadata, ...body } = rest
  return {
    apiVersion,
    kind,
    metadata: { name, namespace: 'n', uid: `uid-of-${name}`, generation: 2, ...(metadata as Bag | undefined) },
    ...body,
  }
}

const selector = { matchLabels: { app: 'web' } }

export const workload = (kind: string, spec: Bag, status: Bag): KubeObject =>
  object('apps/v1', kind, 'web', { spec: { selector, ...spec }, status: { observedGeneration: 2, ...status } })

/** A pod of the workload whose container is in this state. */
export function pod(name: string, container: Bag, rest: Bag = {}): KubeObject {
  return object('v1', 'Pod', name, {
    metadata: { labels: { app: 'web', ...(rest.labels as Bag | undefined) } },
    spec: rest.spec ?? {},
    status: {
      conditions: rest.conditions ?? [],
      containerStatuses: [{ name: 'app', image: 'app:1', ready: false, restartCount: 0, ...container }],
    },
  })
}

export const waiting = (reason: string, message?: string): Bag => ({ state: { waiting: { reason, message } } })

export const refOf = ({ apiVersion, kind, metadata: { name, namespace } }: KubeObject) => ({
  apiVersion,
  kind,
  name,
  namespace,
})

/** An ExternalSecret with this Ready condition. */
export function externalSecret(status: 'True' | 'False', more: Bag = {}, spec: Bag = {}): KubeObject {
  const message = status === 'True' ? 'secret synced' : 'could not get secret data from provider'
  return object('external-secrets.io/v1', 'ExternalSecret', 'keys', {
    spec,
    status: { conditions: [{ type: 'Ready', status, message }], ...more },
  })
}
