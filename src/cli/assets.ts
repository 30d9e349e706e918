import { existsSync } from 'node:fs'
import { readFile } from 'node:fs/promises'
import { dirname, join, normalize } from 'node:path'
import { fileURLToPath } from 'node:url'
import { parseAllDocuments } from 'yaml'
import type { Assets } from '../ports/index.ts'

/** The package's own folder, found from sources and from the bundle alike. */
export function packageRoot(): string {
  let root = dirname(fileURLToPath(import.meta.url))
  while (!existsSync(join(root, 'bin', 'llmgw.js')) && root !== dirname(root)) root = dirname(root)
  return root
}

/** Data files below `root`, each read once. */
export function createAssets(root: string): Assets {
  const texts = new Map<string, Promise<string>>()
  const text = (path: string): Promise<string> => {
    if (normalize(path).startsWith('..')) throw new Error(`asset ${path} is outside the package`)
    const known = texts.get(path) ?? readFile(join(root, path), 'utf8')
    texts.set(path, known)
    return known
  }
  return {
    text,
    async documents(path) {
      const documents = parseAllDocuments(await text(path))
      if ('empty' in documents) return []
      return documents.map((document) => {
        const [fault] = document.errors
        if (fault) throw new Error(`asset ${path}: ${fault.message}`)
        return document.toJS() as unknown
      })
    },
  }
}
