import { parse } from 'yaml'
import { isTree, type Tree, valueAt } from '../../src/config/merge.ts'
import { mergeValues } from '../../steps/helm-release/merge-values.ts'
import { type Keys, type Reads, templateReads } from './template-reads.ts'

/** A chart with its subcharts: the values it has, and what its templates read. */
export interface Extracted {
  readonly name: string
  readonly version: string
  readonly values: Tree
  readonly reads: Reads
}

interface Metadata {
  readonly name: string
  readonly version: string
  readonly dependencies?: readonly { readonly name: string; readonly alias?: string; readonly condition?: string }[]
}

/** Values and reads of the chart whose files are these. */
export function extractValues(files: ReadonlyMap<string, string>): Extracted {
  const text = (path: string) => files.get(path) ?? ''
  const metadata = parse(text('Chart.yaml')) as Metadata
  const own = (parse(text('values.yaml')) ?? {}) as Tree
  const templates = [...files].filter(([path]) => path.startsWith('templates/') && !path.endsWith('NOTES.txt'))
  const found = templates.map(([, template]) => templateReads(template))
  const conditions = (metadata.dependencies ?? []).flatMap(({ condition = '' }) => condition.split(','))
  const subcharts = subchartsOf(files).map((name) => ({
    ...extractValues(below(files, `charts/${name}/`)),
    name,
  }))
  return {
    name: metadata.name,
    version: metadata.version,
    values: mergeValues(...subcharts.map(({ name, values }) => ({ [name]: values })), own),
    reads: {
      read: [
        ...found.flatMap(({ read }) => read),
        ...conditions.filter(Boolean).map((condition) => condition.trim().split('.')),
        ...subcharts.flatMap(({ name, reads }) => reads.read.map((keys) => inParent(name, keys))),
      ],
      whole: [
        ...found.flatMap(({ whole }) => whole),
        ...subcharts.flatMap(({ name, reads }) => reads.whole.map((keys) => inParent(name, keys))),
      ],
    },
  }
}

/** Globals are the parent's. */
const inParent = (name: string, keys: Keys): Keys => (keys[0] === 'global' ? keys : [name, ...keys])

function subchartsOf(files: ReadonlyMap<string, string>): readonly string[] {
  return [...files.keys()].flatMap((path) => /^charts\/([^/]+)\/Chart\.yaml$/.exec(path)?.[1] ?? [])
}

function below(files: ReadonlyMap<string, string>, prefix: string): ReadonlyMap<string, string> {
  return new Map(
    [...files].filter(([path]) => path.startsWith(prefix)).map(([path, text]) => [path.slice(prefix.length), text]),
  )
}

/** Paths of values.yaml that nothing reads: setting them changes nothing. */
export function unreadPaths({ values, reads }: Extracted): readonly Keys[] {
  const read = new Set(reads.read.flatMap((keys) => keys.map((_, index) => JSON.stringify(keys.slice(0, index + 1)))))
  const exact = new Set(reads.read.map((keys) => JSON.stringify(keys)))
  const isRead = (keys: Keys) =>
    read.has(JSON.stringify(keys)) || keys.some((_, index) => exact.has(JSON.stringify(keys.slice(0, index))))
  return leaves(values, []).filter((keys) => !isRead(keys))
}

/** Paths that values set: an empty mapping sets nothing. */
export function setPaths(values: Tree): readonly Keys[] {
  return leaves(values, []).filter((keys) => !isTree(valueAt(values, keys)))
}

/** Paths of all values that are no mapping with keys. */
function leaves(values: unknown, at: Keys): readonly Keys[] {
  if (!isTree(values) || Object.keys(values).length === 0) return at.length === 0 ? [] : [at]
  return Object.entries(values).flatMap(([key, value]) => leaves(value, [...at, key]))
}
