import type { KubeObject } from '../../ports/kube.ts'
import { type Bag, holds, isBag, type Leaf, type Segment } from '../../ports/managed-fields.ts'

/** What a list's items are told apart by, the most telling first; as the schemas of the built-in kinds say. */
const LIST_KEYS: readonly (readonly string[])[] = [
  ['name'],
  ['containerPort', 'protocol'],
  ['mountPath'],
  ['port', 'protocol'],
  ['topologyKey', 'whenUnsatisfiable'],
  ['ip'],
]

function keyOf(item: unknown, names: readonly string[]): Bag | undefined {
  if (!isBag(item) || item[names[0] ?? ''] === undefined) return undefined
  return Object.fromEntries(names.filter((name) => item[name] !== undefined).map((name) => [name, item[name]]))
}

/** Keys of the items of a list, or undefined when it is not a keyed one. */
function listKeys(list: readonly unknown[]): readonly Bag[] | undefined {
  for (const names of LIST_KEYS) {
    const keys = list.map((item) => keyOf(item, names)).filter((key) => key !== undefined)
    const distinct = new Set(keys.map((key) => JSON.stringify(key)))
    if (keys.length === list.length && distinct.size === list.length) return keys
  }
  return undefined
}

/** Every value in `value`, down to scalars and empty holders; keys of list items are no values of their own. */
export function leavesOf(value: unknown, at: readonly Segment[] = []): readonly Leaf[] {
  if (Array.isArray(value) && value.length > 0) {
    const keys = listKeys(value)
    return value.flatMap((item, index) => {
      const key = keys?.[index]
      return leavesOf(item, [...at, key === undefined ? { index } : { key }])
    })
  }
  if (!isBag(value) || Object.keys(value).length === 0) return [{ path: at, value }]
  return Object.entries(value).flatMap(([name, inner]) => leavesOf(inner, [...at, name]))
}

const matchesKey = (item: unknown, key: Bag): boolean =>
  isBag(item) && Object.entries(key).every(([name, value]) => item[name] === undefined || item[name] === value)

function into(value: unknown, segment: Segment): unknown {
  if (typeof segment === 'string') return isBag(value) ? value[segment] : undefined
  if (!Array.isArray(value)) return undefined
  return 'index' in segment ? value[segment.index] : value.find((item) => matchesKey(item, segment.key))
}

/** The value at a path, or undefined. */
export function valueAt(root: unknown, path: readonly Segment[]): unknown {
  return path.reduce(into, root)
}

/** Dotted text of a path, e.g. `spec.template.spec.containers[main].image`. */
export function pathText(path: readonly Segment[]): string {
  return path.reduce<string>((text, segment) => {
    if (typeof segment !== 'string') {
      const label = 'index' in segment ? segment.index : Object.values(segment.key).join('/')
      return `${text}[${label}]`
    }
    if (/[./]/.test(segment)) return `${text}["${segment}"]`
    return text === '' ? segment : `${text}.${segment}`
  }, '')
}

const isHelm = (manager: string | undefined): boolean => manager === 'helm' || manager === 'Helm'

/** Whether Helm owns a field of a live object; undefined when the object does not say who owns what. */
export function ownedByHelm(live: KubeObject): ((leaf: Leaf) => boolean) | undefined {
  const trees = (live.metadata.managedFields ?? [])
    .filter((entry) => isHelm(entry.manager) && entry.subresource !== 'status')
    .map((entry) => entry.fieldsV1)
  return trees.length === 0 ? undefined : (leaf) => trees.some((tree) => holds(tree, leaf))
}

/** Managers other than Helm that own a field, with the subresource they wrote through. */
export function otherOwners(
  live: KubeObject,
  leaf: Leaf,
): readonly { readonly manager: string; readonly subresource: string | undefined }[] {
  return (live.metadata.managedFields ?? [])
    .filter((entry) => !isHelm(entry.manager) && holds(entry.fieldsV1, leaf))
    .map((entry) => ({ manager: entry.manager ?? '', subresource: entry.subresource }))
}
