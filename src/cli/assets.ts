import { existsSync } from 'node:fs'
import { readFile } from 'node:fs/promises'
import { dirname, join, normalize } from 'node:path'
import { fileURLToPath } from 'node:url'
import { CORE_SCHEMA, loadAll } from 'js-yaml'
import type { Assets } from '../ports/index.ts'

/** The package's own folder, found from sources and from the bundle alike. */
export function packageRoot(): string {
  let root = dirname(fileURLToPath(import.meta.url))
  while (!existsSync(join(root, 'bin', 'llmgw.js')) && root !== dirname(root)) root = dirname(root)
  return root
}

/** Data files below `root`, each read and parsed once. */
export function createAssets(root: string): Assets {
  const texts = new Map<string, Promise<string>>()
  const text = (path: string): Promise<string> => {
    if (normalize(path).startsWith('..')) throw new Error(`asset ${path} is outside the package`)
    const known = texts.get(path) ?? readFile(join(root, path), 'utf8')
    texts.set(path, known)
    return known
  }
  const parsed = new Map<string, Promise<readonly unknown[]>>()
  return {
    text,
    async documents(path) {
      const known = parsed.get(path) ?? text(path).then((content) => parse(path, content))
      parsed.set(path, known)
      // Each caller's own: it may change what it got.
      return structuredClone(await known)
    },
  }
}

function parse(path: string, content: string): readonly unknown[] {
  try {
    // js-yaml rather than yaml: an eighth of the time, and nobody asks where in the file a value stands.
    return loadAll(content, undefined, { schema: CORE_SCHEMA })
  } catch (error) {
    throw new Error(`asset ${path}: ${error instanceof Error ? error.message : String(error)}`)
  }
}
