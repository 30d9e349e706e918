import * as z from 'zod'
import { isTree, type Path, type Tree } from './merge.ts'
import { configSchema } from './schema.ts'

/** A name, not an address: nothing is fetched from it. */
const SCHEMA_ID = 'urn:llmgw:config:v1'

/** JSON Schema of `llmgw.yaml` for editors: as the effective configuration, but for what presets fill in. */
export function fileSchema(): Tree {
  const schema = relaxed(z.toJSONSchema(configSchema, { io: 'input' }), ['apiVersion'])
  return { $id: SCHEMA_ID, ...schema, title: 'llmgw.yaml' }
}

/** Keys that may stand in the mapping at `path`. */
export function keysAt(schema: Tree, path: Path): readonly string[] {
  return [...new Set(nodesAt(schema, path).flatMap((node) => Object.keys(propertiesOf(node))))]
}

/** Dotted paths of all keys below `schema`, lists left out. */
export function allPaths(schema: Tree, prefix = ''): readonly string[] {
  return [schema, ...variants(schema)].flatMap((node) =>
    Object.entries(propertiesOf(node)).flatMap(([key, child]) => [
      `${prefix}${key}`,
      ...(isTree(child) ? allPaths(child, `${prefix}${key}.`) : []),
    ]),
  )
}

function nodesAt(schema: Tree, path: Path): readonly Tree[] {
  let nodes: readonly Tree[] = [schema, ...variants(schema)]
  for (const part of path) {
    nodes = nodes
      .map((node) => (typeof part === 'number' ? node.items : childOf(node, part)))
      .filter(isTree)
      .flatMap((node) => [node, ...variants(node)])
  }
  return nodes
}

function childOf(node: Tree, key: string): unknown {
  return Object.hasOwn(propertiesOf(node), key) ? propertiesOf(node)[key] : node.additionalProperties
}

function propertiesOf(node: Tree): Tree {
  return isTree(node.properties) ? node.properties : {}
}

function variants(node: Tree): readonly Tree[] {
  return [node.oneOf, node.anyOf].flatMap((list) => (Array.isArray(list) ? list.filter(isTree) : []))
}

/** `required` stays inside lists, whose entries have no defaults, and for the key that tells variants apart. */
function relaxed(node: Tree, required: readonly string[]): Tree {
  const kept = (Array.isArray(node.required) ? node.required : []).filter((key) => required.includes(String(key)))
  const rest = Object.entries(node).filter(([key]) => key !== 'required')
  return {
    ...Object.fromEntries(rest.map(([key, value]) => [key, relaxedPart(key, value)])),
    ...(kept.length > 0 ? { required: kept } : {}),
  }
}

function relaxedPart(key: string, value: unknown): unknown {
  const inner = (child: unknown) => (isTree(child) ? relaxed(child, ['kind']) : child)
  if (key === 'additionalProperties') return inner(value)
  if ((key === 'oneOf' || key === 'anyOf') && Array.isArray(value)) return value.map(inner)
  if (key === 'properties' && isTree(value))
    return Object.fromEntries(Object.entries(value).map(([name, child]) => [name, inner(child)]))
  return value
}
