import type { Services, StepContext } from '../src/ports/index.ts'
import { Secret } from '../src/secret.ts'
import type { SyncedKey } from './synced-key.ts'

/** A key of a Kubernetes Secret. */
export type SecretPlace = SyncedKey & { readonly namespace: string }

/** The value that pods read there; undefined when Secret or key are not there. */
export async function secretInCluster(
  { kube, signal }: Pick<Services, 'kube'> & Pick<StepContext, 'signal'>,
  { namespace, name, key }: SecretPlace,
): Promise<Secret | undefined> {
  const secret = await kube.find({ apiVersion: 'v1', kind: 'Secret', name, namespace }, signal)
  const encoded = ((secret?.data ?? {}) as Readonly<Record<string, string>>)[key]
  return encoded === undefined ? undefined : new Secret(decoded(encoded))
}

/** Text of a key in a Secret. */
export function decoded(base64: string): string {
  return new TextDecoder().decode(Uint8Array.from(atob(base64), (character) => character.charCodeAt(0)))
}
