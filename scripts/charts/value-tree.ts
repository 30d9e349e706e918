import { isTree, type Tree } from '../../src/config/merge.ts'
import type { Keys, Reads } from './template-reads.ts'

/** Mappings with this key take any key: the chart hands them on whole, or they are a part of a Pod. */
const OPEN = '*'

/** Names of mappings that charts hand to Kubernetes as they are. Source: Kubernetes API reference, PodSpec and Container. */
const KUBERNETES = new Set([
  'affinity',
  'annotations',
  'labels',
  'livenessProbe',
  'matchLabels',
  'nodeSelector',
  'podAnnotations',
  'podLabels',
  'podSecurityContext',
  'readinessProbe',
  'resources',
  'securityContext',
  'containerSecurityContext',
  'startupProbe',
  'strategy',
  'updateStrategy',
])

/** The values of a chart by kind, with what templates read besides; a mapping with `*` takes any key. */
export function valueTree(values: Tree, { read, whole }: Reads): Tree {
  const open = new Set(whole.map(keyOf))
  const tree = kinds(values, [], open)
  return read.reduce((all, keys) => withUnset(all, keys), tree)
}

const keyOf = (keys: Keys): string => JSON.stringify(keys)

/** Below a mapping that is handed on whole, so is everything. */
function kinds(values: Tree, at: Keys, open: ReadonlySet<string>, within = false): Tree {
  const entries = Object.entries(values).map(([key, value]) => {
    const path = [...at, key]
    if (!isTree(value)) return [key, kindOf(value)]
    const isOpen = within || Object.keys(value).length === 0 || KUBERNETES.has(key) || open.has(keyOf(path))
    const inner = kinds(value, path, open, isOpen)
    return [key, isOpen ? { ...inner, [OPEN]: 'any' } : inner]
  })
  return Object.fromEntries(entries)
}

function kindOf(value: unknown): string {
  if (value === null || value === undefined) return 'null'
  if (Array.isArray(value)) return 'list'
  return { string: 'text', number: 'number', boolean: 'boolean' }[typeof value as string] ?? 'text'
}

/** Adds a path that templates read and values.yaml does not have. */
function withUnset(tree: Tree, [key, ...rest]: Keys): Tree {
  if (key === undefined) return tree
  const below = tree[key]
  if (rest.length === 0) return below === undefined ? { ...tree, [key]: 'unset' } : tree
  // Below a text or a list there are no keys: the template reads what a user may put in its place.
  if (below !== undefined && !isTree(below))
    return below === 'unset' || below === 'null' ? { ...tree, [key]: { [OPEN]: 'any' } } : tree
  if (isTree(below) && OPEN in below) return tree
  return { ...tree, [key]: withUnset(isTree(below) ? below : {}, rest) }
}
