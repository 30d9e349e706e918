import { createHash } from 'node:crypto'
import { isTree } from './merge.ts'
import type { Config } from './schema.ts'

/** Digest of what a configuration asks for, whatever the order of its keys; how long to wait for it is not part of that. */
export function configurationDigest({ timeouts: _timeouts, ...config }: Config): string {
  const text = JSON.stringify(config, (_key, value: unknown) =>
    isTree(value) ? Object.fromEntries(Object.entries(value).sort(([a], [b]) => (a < b ? -1 : 1))) : value,
  )
  return `sha256:${createHash('sha256').update(text).digest('hex')}`
}
