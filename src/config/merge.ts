import type { Origin } from './origin.ts'

/** A tree of plain values, as YAML gives it. */
export type Tree = Readonly<Record<string, unknown>>
export type Path = readonly (string | number)[]

/** One source of values; a later layer wins over an earlier one. */
export interface Layer {
  readonly tree: Tree
  readonly origin: (path: Path) => Origin
}

export interface Merged {
  readonly tree: Tree
  /** By dotted path of each leaf; a list is one leaf. */
  readonly origins: ReadonlyMap<string, Origin>
}

/** Mappings merge key by key, everything else is replaced whole, as is a mapping whose `kind` changes. */
export function merge(layers: readonly Layer[]): Merged {
  const origins = new Map<string, Origin>()
  let tree: Tree = {}
  for (const layer of layers) tree = over(tree, layer.tree, { layer, origins, path: [] }) as Tree
  return { tree, origins }
}

/** Value at a path, or undefined. */
export function valueAt(tree: unknown, path: Path): unknown {
  let here = tree
  for (const part of path) {
    if (typeof here !== 'object' || here === null || !Object.hasOwn(here, part)) return undefined
    here = (here as Record<string | number, unknown>)[part]
  }
  return here
}

/** `secrets.items.database-url`, `models[0].name`. */
export function pathText(path: Path): string {
  return path.map((part, index) => (typeof part === 'number' ? `[${part}]` : index > 0 ? `.${part}` : part)).join('')
}

export function isTree(value: unknown): value is Tree {
  return typeof value === 'object' && value !== null && !Array.isArray(value)
}

interface Place {
  readonly layer: Layer
  readonly origins: Map<string, Origin>
  readonly path: Path
}

function over(lower: unknown, upper: unknown, place: Place): unknown {
  if (!isTree(upper)) {
    forget(place)
    place.origins.set(pathText(place.path), place.layer.origin(place.path))
    return upper
  }
  const base = isTree(lower) && !changesKind(lower, upper, place.path) ? lower : {}
  if (base !== lower) forget(place)
  // Object.fromEntries defines own properties, so a key such as __proto__ stays data.
  return Object.fromEntries([
    ...Object.entries(base).filter(([key]) => !Object.hasOwn(upper, key)),
    ...Object.entries(upper).map(([key, value]) => [
      key,
      over(valueAt(base, [key]), value, { ...place, path: [...place.path, key] }),
    ]),
  ])
}

/** Variants of ours; `kind` in the values of a chart is a value like any other. */
function changesKind(lower: Tree, upper: Tree, path: Path): boolean {
  return path[0] !== 'components' && upper.kind !== undefined && lower.kind !== upper.kind
}

/** What lay below a replaced value has no say any more. */
function forget({ origins, path }: Place): void {
  const prefix = pathText(path)
  for (const key of origins.keys()) {
    if (key === prefix || key.startsWith(`${prefix}.`)) origins.delete(key)
  }
}
