import type { Config } from '../src/config/schema.ts'
import { ConfigError } from '../src/errors.ts'

type Use = Config['secrets']['synced'][number]['namespace']

/** A key of a Kubernetes Secret. */
export interface SyncedKey {
  readonly name: string
  readonly key: string
}

/** Where pods of a namespace read a logical secret; undefined where no Kubernetes Secret there carries it. */
export function findSyncedKey({ secrets }: Config, use: Use, logicalName: string): SyncedKey | undefined {
  for (const { namespace, name, keys } of secrets.synced) {
    const key = namespace === use && Object.keys(keys).find((one) => keys[one] === logicalName)
    if (key) return { name, key }
  }
  return undefined
}

/** As {@link findSyncedKey}; a program that lacks the secret cannot start. */
export function syncedKey(config: Config, use: Use, logicalName: string): SyncedKey {
  const found = findSyncedKey(config, use, logicalName)
  if (found) return found
  throw new ConfigError(
    'SecretNotSyncedThere',
    `secrets.synced carries ${logicalName} into no Secret of the ${use} namespace`,
    {
      hint: `name it there: secrets.synced, an entry with namespace: ${use} and keys: { ${logicalName}: ${logicalName} }`,
    },
  )
}
