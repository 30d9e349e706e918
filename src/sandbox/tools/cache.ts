import { createHash } from 'node:crypto'
import { readFile } from 'node:fs/promises'
import { join } from 'node:path'
import { packageFile } from '../package-root.ts'
import { type ModuleName, PINS, TOOLS, type ToolName } from './pins.ts'

/** Folder with go.mod and go.sum of a module; read-only when the package is installed. */
export const moduleDir = (module: ModuleName): string => packageFile('sandbox', 'go', module)

async function fingerprint(module: ModuleName): Promise<string> {
  const hash = createHash('sha256').update(PINS[module].ldflags)
  for (const file of ['go.mod', 'go.sum']) hash.update(await readFile(join(moduleDir(module), file)))
  return hash.digest('hex').slice(0, 12)
}

/** Where the cache keeps a tool that was built: changes with its version, the pinned modules, how it is built, and the platform. */
export async function cachedFile(cacheDir: string, tool: ToolName): Promise<string> {
  const { module } = TOOLS[tool]
  const key = `${PINS[module].version}-${await fingerprint(module)}-${process.platform}-${process.arch}`
  return join(cacheDir, 'tools', tool, key, tool)
}

/** Where the cache keeps a tool as its publisher released it. */
export function officialFile(cacheDir: string, tool: ToolName): string {
  const key = `${PINS[TOOLS[tool].module].version}-official-${process.platform}-${process.arch}`
  return join(cacheDir, 'tools', tool, key, tool)
}
