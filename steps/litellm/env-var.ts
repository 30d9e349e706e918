import type { SyncedKey } from '../synced-key.ts'

/** An environment variable of a container. */
export interface EnvVar {
  readonly name: string
  readonly value?: string
  readonly valueFrom?: { readonly secretKeyRef: SyncedKey }
}
