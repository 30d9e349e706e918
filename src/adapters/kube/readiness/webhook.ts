import { endpointsOf, isReady, slicesOf } from '../../../ports/endpoints.ts'
import type { KubeObject, ListQuery } from '../../../ports/kube.ts'
import { type WebhookClient, webhooksOf } from '../../../ports/webhooks.ts'
import { progressing, READY, type Reader, type Scene } from './reader.ts'

const servicesIn = (namespace: string): ListQuery => ({ apiVersion: 'v1', kind: 'Service', namespace })

/**
 * Ready when the API server can call each webhook: it knows the CA, and the Service (when it exists) has an endpoint.
 * A configuration whose webhooks are all ignored while they do not answer holds up nobody.
 */
export const webhook: Reader = {
  needs(object) {
    const namespaces = new Set(clients(object).flatMap(({ service }) => (service ? [service.namespace] : [])))
    return [...namespaces].flatMap((namespace) => [servicesIn(namespace), slicesOf(namespace)])
  },
  read(object, scene) {
    if (webhooksOf(object).every(({ failurePolicy }) => failurePolicy === 'Ignore')) return READY
    for (const client of clients(object)) {
      if (!client.service) continue
      const { namespace, name } = client.service
      if ((client.caBundle ?? '') === '') return progressing(`waiting for the CA of Service ${namespace}/${name}`)
      if (isUnserved(client.service, scene))
        return progressing(`waiting for an endpoint of Service ${namespace}/${name}`)
    }
    return READY
  },
}

function clients(object: KubeObject): readonly WebhookClient[] {
  return webhooksOf(object).map(({ clientConfig }) => clientConfig)
}

function isUnserved({ name, namespace }: { name: string; namespace: string }, scene: Scene): boolean {
  if (!scene.of(servicesIn(namespace)).some(({ metadata }) => metadata.name === name)) return false
  return !endpointsOf(name, scene.of(slicesOf(namespace))).some(isReady)
}
