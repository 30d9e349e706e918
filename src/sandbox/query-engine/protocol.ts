import type { Models } from './datamodel.ts'
import type { Asked, Json, JsonObject } from './graphql.ts'

/** A query as the engine takes it. Source: Prisma's engines, JSON protocol. */
export interface EngineQuery {
  readonly modelName?: string
  readonly action: string
  readonly query: { readonly arguments: JsonObject; readonly selection: JsonObject }
}

const RAW = new Set(['queryRaw', 'executeRaw'])

/** Puts what the client asked into the engine's words. @throws Error when no model of the schema is named */
export function toEngine({ name, arguments: given, selection }: Asked, models: Models): EngineQuery {
  if (RAW.has(name)) return { action: name, query: { arguments: given, selection: {} } }
  const modelName = modelNamed(name, models)
  return {
    modelName,
    action: name.slice(0, -modelName.length),
    query: { arguments: tagObject(given, modelName, models), selection },
  }
}

/** `findManyLiteLLM_UserTable`: the longest name wins, since one may end as another does. */
function modelNamed(name: string, models: Models): string {
  const found = [...models.keys()].filter((model) => name.endsWith(model)).sort((a, b) => b.length - a.length)[0]
  if (found === undefined) throw new Error(`the schema has no model for ${name}`)
  return found
}

const isObject = (value: Json): value is JsonObject =>
  typeof value === 'object' && value !== null && !Array.isArray(value)

/** Says of texts in fields of type Json that they are JSON, wherever they stand: data, filters, related records. */
function tag(value: Json, model: string, models: Models): Json {
  if (Array.isArray(value)) return value.map((one) => tag(one, model, models))
  return isObject(value) && !('$type' in value) ? tagObject(value, model, models) : value
}

function tagObject(value: JsonObject, model: string, models: Models): JsonObject {
  const tagged = Object.entries(value).map(([name, inner]): [string, Json] => {
    const type = models.get(model)?.get(name)
    if (type === 'Json') return [name, Array.isArray(inner) ? inner.map(tagJson) : tagJson(inner)]
    return [name, tag(inner, type !== undefined && models.has(type) ? type : model, models)]
  })
  return Object.fromEntries(tagged)
}

/** Parts of a filter over JSON that are no JSON themselves. */
const PLAIN = new Set(['path', 'mode'])

function tagJson(value: Json): Json {
  if (typeof value === 'string') return { $type: 'Json', value }
  if (!isObject(value)) return value
  return Object.fromEntries(
    Object.entries(value).map(([name, inner]) => [name, PLAIN.has(name) ? inner : tagJson(inner)]),
  )
}

interface RawResult {
  readonly columns: readonly string[]
  readonly types: readonly string[]
  readonly rows: readonly (readonly Json[])[]
}

/** An answer of the engine as the client expects it: without tags, under the name that it gave. */
export function fromEngine({ alias, name }: Asked, answer: { readonly data: JsonObject }): JsonObject {
  const result = untag(Object.values(answer.data)[0] ?? null)
  return { data: { [alias]: name === 'queryRaw' ? typedRows(result) : result } }
}

function untag(value: Json): Json {
  if (Array.isArray(value)) return value.map(untag)
  if (!isObject(value)) return value
  if ('$type' in value) return value.value ?? null
  return Object.fromEntries(Object.entries(value).map(([name, inner]) => [name, untag(inner)]))
}

/** A row as an object of typed cells, which is how engines gave raw rows up to 5.13. Source: prisma-client-py 0.11, _raw_query. */
function typedRows(result: Json): Json {
  if (!isObject(result) || !Array.isArray(result.rows)) return result
  const { columns, rows, types } = result as unknown as RawResult
  return rows.map((row) =>
    Object.fromEntries(row.map((cell, column) => [columns[column] ?? '', typedCell(types[column] ?? '', cell)])),
  )
}

const ARRAY = '-array'

function typedCell(type: string, cell: Json): JsonObject {
  if (cell === null) return { prisma__type: 'null', prisma__value: null }
  if (type.endsWith(ARRAY) && Array.isArray(cell)) {
    const inner = type.slice(0, -ARRAY.length)
    return { prisma__type: 'array', prisma__value: cell.map((one) => typedCell(inner, one)) }
  }
  const isText = type === 'json' && typeof cell === 'string'
  return { prisma__type: type, prisma__value: isText ? (JSON.parse(cell) as Json) : cell }
}
