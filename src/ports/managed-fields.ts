import type { KubeObject } from './kube.ts'

export type Bag = Readonly<Record<string, unknown>>

/** One value of a manifest, with where it is. */
export interface Leaf {
  /** Keys and list items from the root; an item of a keyed list as `{name: …}`. */
  readonly path: readonly Segment[]
  readonly value: unknown
}

export type Segment = string | { readonly key: Bag } | { readonly index: number }

export function isBag(value: unknown): value is Bag {
  return typeof value === 'object' && value !== null && !Array.isArray(value)
}

function child(tree: Bag, segment: Segment, value: unknown): unknown {
  if (typeof segment === 'string') return tree[`f:${segment}`]
  if ('index' in segment) return tree[`i:${segment.index}`] ?? tree[`v:${JSON.stringify(value)}`]
  const found = Object.keys(tree).find((name) => {
    if (!name.startsWith('k:')) return false
    const key = JSON.parse(name.slice(2)) as Bag
    return Object.entries(segment.key).every(([field, wanted]) => key[field] === undefined || key[field] === wanted)
  })
  return found === undefined ? undefined : tree[found]
}

const isLeaf = (tree: unknown): boolean => isBag(tree) && Object.keys(tree).length === 0

/** Whether a tree of FieldsV1 holds this leaf. A set that ends above it is owned as a whole. */
export function holds(tree: unknown, leaf: Leaf): boolean {
  let at = tree
  for (const [depth, segment] of leaf.path.entries()) {
    if (!isBag(at)) return false
    if (depth > 0 && isLeaf(at)) return true
    at = child(at, segment, leaf.value)
  }
  return at !== undefined
}

/** Managers that own a field of a live object, as they name themselves. Source: Kubernetes documentation, Server-Side Apply. */
export function ownersOf(live: KubeObject, leaf: Leaf): readonly string[] {
  return (live.metadata.managedFields ?? [])
    .filter(({ fieldsV1 }) => holds(fieldsV1, leaf))
    .map(({ manager }) => manager ?? '')
}
