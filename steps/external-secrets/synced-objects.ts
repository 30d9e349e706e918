import type { Config } from '../../src/config/schema.ts'
import type { KubeObject, ObjectRef, Services } from '../../src/ports/index.ts'
import { asObject } from '../desired.ts'
import { durationMs, remoteName } from '../names.ts'
import { ownLabels } from '../ownership.ts'

const FILE = 'manifests/external-secrets/external-secret.yaml'

interface Entry {
  readonly secretKey: string
  readonly remoteRef: { readonly key: string }
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
      data: Object.entries(keys).map(([secretKey, logical]) => entry(ctx.config, secretKey, logical)),
    },
  }))
}

function entry(config: Config, secretKey: string, logical: string): Entry {
  const item = config.secrets.items[logical]
  if (item === undefined) throw new Error(`no secret ${logical} in secrets.items, although secrets.synced names it`)
  return { secretKey, remoteRef: { key: remoteName(config, item) } }
}

/** The form in which the operator writes a duration back, so that it is no difference: `1h` is `1h0m0s`. */
function goDuration(text: string): string {
  const seconds = durationMs(text) / 1000
  const [hours, minutes] = [Math.floor(seconds / 3600), Math.floor((seconds % 3600) / 60)]
  const tail = `${seconds % 60}s`
  if (hours > 0) return `${hours}h${minutes}m${tail}`
  return minutes > 0 ? `${minutes}m${tail}` : tail
}

/** Keys of the Secret that an ExternalSecret of ours fills. */
export function keysOf(object: KubeObject): readonly string[] {
  return (object.spec as { data: readonly Entry[] }).data.map(({ secretKey }) => secretKey)
}

/** The Secret that an ExternalSecret of ours fills. */
export function targetSecret({ metadata: { name, namespace } }: KubeObject): ObjectRef {
  return { apiVersion: 'v1', kind: 'Secret', name, namespace }
}
