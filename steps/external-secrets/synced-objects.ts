import type { KubeObject, ObjectRef, Services } from '../../src/ports/index.ts'
import { keyAddress, parseAddress } from '../../src/ports/secret-address.ts'
import { asObject } from '../desired.ts'
import { durationMs, remoteName } from '../names.ts'
import { ownLabels } from '../ownership.ts'

const FILE = 'manifests/external-secrets/external-secret.yaml'

/** `property`: one key of the JSON that the secret holds. */
export interface RemoteRef {
  readonly key: string
  readonly property?: string
}

/** One key of the Secret that an ExternalSecret fills. */
export interface SyncEntry {
  readonly secretKey: string
  readonly remoteRef: RemoteRef
}

/** One ExternalSecret for each synced Secret of the configuration. */
export async function syncedObjects(ctx: Services): Promise<readonly KubeObject[]> {
  const [document] = await ctx.assets.documents(FILE)
  const base = asObject(document, FILE)
  const { refreshInterval, storeName, synced } = ctx.config.secrets
  return synced.map(({ name, namespace, keys }) => ({
    ...base,
    metadata: { ...base.metadata, name, namespace: ctx.config.namespaces[namespace], labels: ownLabels(ctx) },
    spec: {
      ...(base.spec as object),
      refreshInterval: goDuration(refreshInterval),
      secretStoreRef: { kind: 'ClusterSecretStore', name: storeName },
      target: { ...(base.spec as { target: object }).target, name },
      data: Object.entries(keys).map(([secretKey, logical]) => ({ secretKey, remoteRef: remoteRef(ctx, logical) })),
    },
  }))
}

/** How an ExternalSecret names a logical secret. */
function remoteRef({ config }: Pick<Services, 'config'>, logical: string): RemoteRef {
  const { secret, key } = parseAddress(remoteName(config, logical))
  return { key: secret, ...(key !== undefined && { property: key }) }
}

/** The name in Secrets Manager that an ExternalSecret asks for. */
export const addressOf = ({ key, property }: RemoteRef): string =>
  property === undefined ? key : keyAddress(key, property)

/** The form in which the operator writes a duration back, so that it is no difference: `1h` is `1h0m0s`. */
function goDuration(text: string): string {
  const seconds = durationMs(text) / 1000
  const [hours, minutes] = [Math.floor(seconds / 3600), Math.floor((seconds % 3600) / 60)]
  const tail = `${seconds % 60}s`
  if (hours > 0) return `${hours}h${minutes}m${tail}`
  return minutes > 0 ? `${minutes}m${tail}` : tail
}

/** What an ExternalSecret fills its Secret with; nothing where others left none of it. */
export function entriesOf({ spec }: KubeObject): readonly SyncEntry[] {
  return ((spec ?? {}) as { readonly data?: readonly SyncEntry[] }).data ?? []
}

/** Keys of the Secret that an ExternalSecret of ours fills. */
export const keysOf = (object: KubeObject): readonly string[] => entriesOf(object).map(({ secretKey }) => secretKey)

/** The Secret that an ExternalSecret of ours fills. */
export function targetSecret({ metadata: { name, namespace } }: KubeObject): ObjectRef {
  return { apiVersion: 'v1', kind: 'Secret', name, namespace }
}
