import { existsSync } from 'node:fs'
import { dirname, join } from 'node:path'
import { fileURLToPath } from 'node:url'

/** Absolute path of a file that ships with the package, e.g. `packageFile('sandbox', 'aws')`; the same from sources and from the bundle. */
export function packageFile(...parts: readonly string[]): string {
  let root = dirname(fileURLToPath(import.meta.url))
  while (!existsSync(join(root, 'bin', 'llmgw.js')) && root !== dirname(root)) root = dirname(root)
  return join(root, ...parts)
}
