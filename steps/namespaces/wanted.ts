import type { Config } from '../../src/config/schema.ts'
import type { KubeObject, ObjectRef, Services } from '../../src/ports/index.ts'
import { asObject } from '../desired.ts'
import { namespaceNames } from '../names.ts'
import { ownLabels } from '../ownership.ts'
import { podSecurityLabels } from './pod-security.ts'

const FILE = 'manifests/namespaces/namespaces.yaml'

export const NAMESPACE = { apiVersion: 'v1', kind: 'Namespace' } as const

/** Address of a namespace. */
export const namespaceRef = (name: string): ObjectRef => ({ ...NAMESPACE, name })

/** What lives in which namespace: the roles of the configuration, and whoever needs a level of its own. */
function rolesOf({ namespaces, monitoring }: Config): readonly (readonly [string, string])[] {
  const hasExporter = monitoring.kind !== 'none' && monitoring.nodeExporter
  return [...Object.entries(namespaces), ...(hasExporter ? [['node-exporter', namespaces.monitoring] as const] : [])]
}

/** The namespaces of the configuration as they have to be. */
export async function wantedNamespaces(ctx: Services): Promise<readonly KubeObject[]> {
  const documents = (await ctx.assets.documents(FILE)).map((document) => asObject(document, FILE))
  return namespaceNames(ctx.config).map((name) => {
    const roles = rolesOf(ctx.config).filter(([, configured]) => configured === name)
    const labels = roles.map(
      ([role]) => documents.find(({ metadata }) => metadata.name === role)?.metadata.labels ?? {},
    )
    return { ...NAMESPACE, metadata: { name, labels: { ...podSecurityLabels(labels), ...ownLabels(ctx) } } }
  })
}
