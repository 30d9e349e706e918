/** A path of FieldsV1 segments: `f:spec`, or `k:{"name":"app"}` for an item of a list keyed by name. */
export type FieldPath = readonly string[]

type Tree = { [segment: string]: Tree }
type Bag = Record<string, unknown>

const isBag = (value: unknown): value is Bag => typeof value === 'object' && value !== null && !Array.isArray(value)
const isNamed = (value: unknown): value is Bag & { name: string } => isBag(value) && typeof value.name === 'string'

/** Lists whose items all have a name merge by it, all others are atomic: close enough to the schemas of core kinds. */
const isKeyed = (value: unknown): value is (Bag & { name: string })[] =>
  Array.isArray(value) && value.length > 0 && value.every(isNamed)

/** Paths of everything that is set in `value`: what an apply of it owns. */
export function leaves(value: unknown, at: FieldPath = []): FieldPath[] {
  if (isKeyed(value)) return value.flatMap((item) => leaves(item, [...at, `k:${JSON.stringify({ name: item.name })}`]))
  if (!isBag(value) || Object.keys(value).length === 0) return [at]
  return Object.entries(value).flatMap(([key, inner]) => leaves(inner, [...at, `f:${key}`]))
}

function step(value: unknown, segment: string): unknown {
  if (segment.startsWith('f:')) return isBag(value) ? value[segment.slice(2)] : undefined
  const { name } = JSON.parse(segment.slice(2)) as { name: string }
  return Array.isArray(value) ? value.find((item) => isNamed(item) && item.name === name) : undefined
}

/** The value at `path`, or undefined. */
export function valueAt(root: unknown, path: FieldPath): unknown {
  return path.reduce(step, root)
}

/** Sets `value` at `path`, making what lies between. */
export function setAt(root: Bag, path: FieldPath, value: unknown): void {
  let at: unknown = root
  for (const [index, segment] of path.entries()) {
    const last = index === path.length - 1
    const found = step(at, segment)
    const next = last ? value : hold(found, path[index + 1])
    put(at, segment, next)
    at = next
  }
}

function hold(found: unknown, nextSegment: string | undefined): unknown {
  if (nextSegment?.startsWith('k:')) return Array.isArray(found) ? found : []
  return isBag(found) ? found : {}
}

function put(holder: unknown, segment: string, value: unknown): void {
  if (isBag(holder)) {
    holder[segment.slice(2)] = value
    return
  }
  if (!Array.isArray(holder)) return
  const { name } = JSON.parse(segment.slice(2)) as { name: string }
  const index = holder.findIndex((item) => isNamed(item) && item.name === name)
  const item = isBag(value) ? Object.assign(value, { name }) : value
  if (index === -1) holder.push(item)
  else holder[index] = item
}

/** Removes what is at `path`, and the holders that it leaves empty. */
export function unsetAt(root: unknown, path: FieldPath): void {
  const holder = valueAt(root, path.slice(0, -1))
  const segment = path.at(-1)
  if (segment === undefined) return
  if (isBag(holder)) delete holder[segment.slice(2)]
  else if (Array.isArray(holder)) {
    const index = holder.indexOf(step(holder, segment))
    if (index !== -1) holder.splice(index, 1)
  }
  const empty = isBag(holder) ? Object.keys(holder).length === 0 : Array.isArray(holder) && holder.length === 0
  const nameOnly = isNamed(holder) && Object.keys(holder).length === 1 && path.at(-2)?.startsWith('k:')
  if (path.length > 1 && (empty || nameOnly)) unsetAt(root, path.slice(0, -1))
}

/** FieldsV1 of a set of paths. */
export function toFieldsV1(paths: Iterable<FieldPath>): Tree {
  const root: Tree = {}
  for (const path of paths) {
    let at = root
    for (const segment of path) {
      const next = at[segment] ?? (segment.startsWith('k:') ? { '.': {} } : {})
      at[segment] = next
      at = next
    }
  }
  return root
}

/** Paths of a FieldsV1 tree. */
export function fromFieldsV1(tree: unknown, at: FieldPath = []): FieldPath[] {
  const inner = Object.entries(isBag(tree) ? tree : {}).filter(([segment]) => segment !== '.')
  if (inner.length === 0) return at.length === 0 ? [] : [at]
  return inner.flatMap(([segment, below]) => fromFieldsV1(below, [...at, segment]))
}

/** RFC 7386. */
export function mergePatch(target: unknown, patch: unknown): unknown {
  if (!isBag(patch)) return patch
  const result: Bag = isBag(target) ? { ...target } : {}
  for (const [key, value] of Object.entries(patch)) {
    if (value === null) delete result[key]
    else result[key] = mergePatch(result[key], value)
  }
  return result
}
