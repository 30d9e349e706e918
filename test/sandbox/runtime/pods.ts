import type { Container, Pod, Service } from '../../../src/sandbox/runtime/objects.ts'
import type { Data, Lookup } from '../../../src/sandbox/runtime/sources.ts'

/** A container of an image that can be real, with what a test sets. */
export const container = (over: Partial<Container> = {}): Container => ({
  name: 'proxy',
  image: 'ghcr.io/berriai/litellm:v1.104.0',
  ...over,
})

interface PodParts {
  readonly metadata?: Partial<Pod['metadata']>
  readonly spec?: Partial<Pod['spec']>
  readonly status?: Pod['status']
}

/** A scheduled Pod in namespace `litellm`. */
export const pod = ({ metadata, spec, status }: PodParts = {}): Pod => ({
  metadata: { name: 'litellm-1', namespace: 'litellm', uid: 'uid-1', labels: { app: 'litellm' }, ...metadata },
  spec: { nodeName: 'node-1', containers: [container()], ...spec },
  ...(status === undefined ? {} : { status }),
})

/** A Service with a loopback address, as all of the sandbox's have. */
export const service = (name: string, spec: Partial<Service['spec']> = {}, namespace = 'litellm'): Service => ({
  metadata: { name, namespace, uid: `service-${name}` },
  spec: { clusterIP: '127.96.0.10', ports: [{ port: 6379 }], ...spec },
})

/** ConfigMaps and Secrets as `Kind/namespace/name` -> key -> value. */
export const dataOf =
  (objects: Readonly<Record<string, Readonly<Record<string, string>>>>): Lookup =>
  async (kind, namespace, name) => {
    const found = objects[`${kind}/${namespace}/${name}`]
    if (found === undefined) return undefined
    const data: Data = new Map(Object.entries(found).map(([key, value]) => [key, Buffer.from(value)]))
    return data
  }

export const FACTS = { address: '10.98.1.2', hostAddress: '127.0.0.1' }
