import type { KubeObject, ObjectRef, Services } from '../../src/ports/index.ts'
import { asObject } from '../desired.ts'
import { ownLabels } from '../ownership.ts'

const FILE = 'manifests/external-secrets/cluster-secret-store.yaml'

/** API of the operator. Source: External Secrets documentation, API specification. */
const ESO_API = 'external-secrets.io/v1'

/** Address of the store. */
export function storeRef({ config }: Pick<Services, 'config'>): ObjectRef {
  return { apiVersion: ESO_API, kind: 'ClusterSecretStore', name: config.secrets.storeName }
}

/** Namespaces with ExternalSecrets of ours: nobody else may use the store, since it reads with our role. */
function consumers({ config }: Pick<Services, 'config'>): readonly string[] {
  return [...new Set(config.secrets.synced.map(({ namespace }) => config.namespaces[namespace]))].sort()
}

/** The store as it has to be. */
export async function storeObject(ctx: Services): Promise<KubeObject> {
  const [document] = await ctx.assets.documents(FILE)
  const base = asObject(document, FILE)
  const serviceAccountRef = {
    name: ctx.config.irsa.externalSecrets.serviceAccount,
    namespace: ctx.config.namespaces.secrets,
  }
  const aws = { service: 'SecretsManager', region: ctx.target.region, auth: { jwt: { serviceAccountRef } } }
  return {
    ...base,
    metadata: { ...base.metadata, name: ctx.config.secrets.storeName, labels: ownLabels(ctx) },
    spec: { ...(base.spec as object), provider: { aws }, conditions: [{ namespaces: consumers(ctx) }] },
  }
}
