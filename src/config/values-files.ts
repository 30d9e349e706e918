import { readFile } from 'node:fs/promises'
import { dirname, relative, resolve } from 'node:path'
import type { FoundFile } from './find-file.ts'
import { isTree, type Layer, type Path, valueAt } from './merge.ts'
import { configError, type Problem } from './problem.ts'
import { showText } from './show.ts'
import { parseYamlFile, type YamlFile } from './yaml-file.ts'

interface Source {
  readonly found: FoundFile
  readonly yaml: YamlFile
}

/**
 * The files that `components.<name>.valuesFile` names, as layers below the configuration file.
 * @throws ConfigError with every file that cannot be read, at the place that names it
 */
export async function valuesLayers({ found, yaml }: Source, cwd: string): Promise<readonly Layer[]> {
  const components = valueAt(yaml.tree, ['components'])
  if (!isTree(components)) return []
  const folder = dirname(found.path)
  const read = await Promise.all(
    Object.keys(components).map(async (component): Promise<Layer | readonly Problem[]> => {
      const path = ['components', component, 'valuesFile']
      const named = valueAt(yaml.tree, path)
      // Whatever is not the name of a file is reported by the schema.
      if (typeof named !== 'string' || named === '') return []
      const file = resolve(folder, named)
      const bytes = await readFile(file).catch((error: unknown) => reasonOf(error))
      if (typeof bytes === 'string')
        return [
          { file: found.shown, ...yaml.position(path), path: path.join('.'), message: `${showText(named)} ${bytes}` },
        ]
      return layer(component, showText(relative(cwd, file) || named), bytes)
    }),
  )
  const problems = read.flatMap((one) => ('tree' in one ? [] : one))
  if (problems.length > 0) throw configError(problems)
  return read.filter((one): one is Layer => 'tree' in one)
}

function layer(component: string, file: string, bytes: Uint8Array): Layer | readonly Problem[] {
  const values = parseYamlFile(file, bytes, 'replicaCount: 2')
  if (!('tree' in values)) return values
  const below: Path = ['components', component, 'values']
  return {
    tree: { components: { [component]: { values: values.tree } } },
    origin: (path) => ({ kind: 'file', file, ...values.position(path.slice(below.length)) }),
  }
}

function reasonOf(error: unknown): string {
  const code = error instanceof Error && 'code' in error ? String(error.code) : 'unknown error'
  const reasons: Readonly<Record<string, string>> = {
    ENOENT: 'does not exist',
    EISDIR: 'is a folder',
    EACCES: 'may not be read by this user',
  }
  return reasons[code] ?? `cannot be read (${code})`
}
