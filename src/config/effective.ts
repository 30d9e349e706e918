import type { LoadedConfig } from './load.ts'
import { isTree, type Path, pathText } from './merge.ts'
import type { Origin } from './origin.ts'

/** One value of the effective configuration; a list is one value. */
export interface EffectiveValue {
  /** Dotted path. */
  readonly path: string
  /** The same, key by key. */
  readonly keys: readonly string[]
  readonly value: unknown
  /** Undefined: it follows from other values. */
  readonly origin: Origin | undefined
}

/** All values of a configuration in the order of the schema, each with where it comes from. */
export function effectiveValues({
  config,
  origins,
}: Pick<LoadedConfig, 'config' | 'origins'>): readonly EffectiveValue[] {
  return leaves(withoutPasswords(config), []).map(({ path, value }) => ({
    path: pathText(path),
    keys: path.map(String),
    value,
    origin: originOf(origins, path),
  }))
}

/** No value of a configuration is a secret; a password in a URL does not belong there, and is not shown. */
export function withoutPasswords(value: unknown): unknown {
  if (typeof value === 'string') return value.replace(/^([a-z][\w+.-]*:\/\/)[^/@\s]+@/i, '$1***@')
  if (Array.isArray(value)) return value.map(withoutPasswords)
  if (!isTree(value)) return value
  return Object.fromEntries(Object.entries(value).map(([key, child]) => [key, withoutPasswords(child)]))
}

interface Leaf {
  readonly path: Path
  readonly value: unknown
}

function leaves(value: unknown, path: Path): readonly Leaf[] {
  if (!isTree(value)) return value === undefined ? [] : [{ path, value }]
  return Object.entries(value).flatMap(([key, child]) => leaves(child, [...path, key]))
}

/** Of the value, or of the mapping that was set whole. */
function originOf(origins: LoadedConfig['origins'], path: Path): Origin | undefined {
  for (let length = path.length; length > 0; length -= 1) {
    const origin = origins.get(pathText(path.slice(0, length)))
    if (origin) return origin
  }
  return undefined
}
