import type { KubeObject, ObjectRef, Services } from '../../src/ports/index.ts'
import { asObject } from '../desired.ts'
import { namespaceNames } from '../names.ts'
import { ownLabels } from '../ownership.ts'
import { podSecurityLabels } from './pod-security.ts'

const FILE = 'manifests/namespaces/namespaces.yaml'

export const NAMESPACE = { apiVersion: 'v1', kind: 'Namespace' } as const

/** Address of a namespace. */
export const namespaceRef = (name: string): ObjectRef => ({ ...NAMESPACE, name })

/** The namespaces of the configuration as they have to be. */
export async function wantedNamespaces(ctx: Services): Promise<readonly KubeObject[]> {
  const documents = (await ctx.assets.documents(FILE)).map((document) => asObject(document, FILE))
  return namespaceNames(ctx.config).map((name) => {
    const roles = Object.entries(ctx.config.namespaces).filter(([, configured]) => configured === name)
    const labels = roles.map(
      ([role]) => documents.find(({ metadata }) => metadata.name === role)?.metadata.labels ?? {},
    )
    return { ...NAMESPACE, metadata: { name, labels: { ...podSecurityLabels(labels), ...ownLabels(ctx) } } }
  })
}
