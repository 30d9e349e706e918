import type { Config } from '../../src/config/schema.ts'
import type { KubeObject, ObjectRef, Services, StepContext } from '../../src/ports/index.ts'
import { registerSecret } from '../../src/secret.ts'
import { refOf } from '../desired.ts'
import { syncedObjects } from '../external-secrets/synced-objects.ts'
import { remoteName } from '../names.ts'

/** A key of a Kubernetes Secret that carries a logical secret. */
export interface Place {
  /** Logical name. */
  readonly secret: string
  /** Name in Secrets Manager. */
  readonly remote: string
  readonly namespace: string
  /** Name of the Kubernetes Secret, and of the ExternalSecret that fills it. */
  readonly name: string
  readonly key: string
}

/** Where these logical secrets are in the cluster; all of them unless named. */
export function placesOf(config: Config, names?: readonly string[]): readonly Place[] {
  return config.secrets.synced.flatMap(({ namespace, name, keys }) =>
    Object.entries(keys).flatMap(([key, secret]) => {
      if (names !== undefined && !names.includes(secret)) return []
      return [{ secret, remote: remoteName(config, secret), namespace: config.namespaces[namespace], name, key }]
    }),
  )
}

/** `namespace/name` of a place's Kubernetes Secret. */
export const placeName = ({ namespace, name }: Pick<Place, 'namespace' | 'name'>): string => `${namespace}/${name}`

type Looking = Services & Pick<StepContext, 'signal'>

/** A place, and whether it holds the current value; compared in memory, told without a value. */
export interface Copy extends Place {
  readonly state: 'current' | 'old' | 'absent'
  /** When the Secret's data was last written, in ms since the epoch; absent where the object does not tell. */
  readonly writtenAt?: number
}

/** Compares the copies in the cluster with the current values. */
export async function lookAtCopies(ctx: Looking, places: readonly Place[]): Promise<readonly Copy[]> {
  const remotes = [...new Set(places.map(({ remote }) => remote))]
  const secrets = [...new Set(places.map(placeName))]
  const [values, live] = await Promise.all([
    Promise.all(remotes.map((remote) => ctx.secretsManager.value(remote, ctx.signal))),
    Promise.all(secrets.map((place) => ctx.kube.find(secretRef(place), ctx.signal))),
  ])
  return places.map((place) => {
    const value = values[remotes.indexOf(place.remote)]?.value.reveal()
    const object = live[secrets.indexOf(placeName(place))]
    return { ...place, ...compare(value, object, place.key) }
  })
}

function compare(value: string | undefined, object: KubeObject | undefined, key: string): Pick<Copy, 'state'> {
  const encoded = ((object?.data ?? {}) as Readonly<Record<string, string>>)[key]
  if (encoded === undefined || object === undefined) return { state: 'absent' }
  const held = decode(encoded)
  registerSecret(held)
  const writtenAt = lastWrite(object)
  return { state: held === value ? 'current' : 'old', ...(writtenAt === undefined ? {} : { writtenAt }) }
}

function decode(base64: string): string {
  return new TextDecoder().decode(Uint8Array.from(atob(base64), (character) => character.charCodeAt(0)))
}

/** Of the data: a manager's entry is stamped whenever a field that it owns changes. Source: Kubernetes API reference, ManagedFieldsEntry. */
function lastWrite({ metadata }: KubeObject): number | undefined {
  const times = (metadata.managedFields ?? []).flatMap(({ fieldsV1, time }) => {
    const at = Date.parse(time ?? '')
    return 'f:data' in ((fieldsV1 ?? {}) as object) && !Number.isNaN(at) ? [at] : []
  })
  return times.length === 0 ? undefined : Math.max(...times)
}

function secretRef(place: string): ObjectRef {
  const [namespace = '', name = ''] = place.split('/')
  return { apiVersion: 'v1', kind: 'Secret', namespace, name }
}

/** The ExternalSecrets that fill these places. */
export async function syncsOf(ctx: Services, places: readonly Place[]): Promise<readonly ObjectRef[]> {
  const wanted = new Set(places.map(placeName))
  const objects = await syncedObjects(ctx)
  return objects
    .map(refOf)
    .filter(({ namespace = '', name }) => wanted.has(placeName({ namespace: namespace ?? '', name })))
}
