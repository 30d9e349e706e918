/** What is needed of a parsed GraphQL document. Source: the npm package graphql, its abstract syntax tree. */
interface Named {
  readonly value: string
}

interface ValueNode {
  readonly kind: string
  readonly value?: string | boolean
  readonly values?: readonly ValueNode[]
  readonly fields?: readonly { readonly name: Named; readonly value: ValueNode }[]
}

interface SelectionSet {
  readonly selections: readonly FieldNode[]
}

interface FieldNode {
  readonly name: Named
  readonly alias?: Named
  readonly arguments?: readonly { readonly name: Named; readonly value: ValueNode }[]
  readonly selectionSet?: SelectionSet
}

/** Parses a document, as the package graphql does. */
export type Parse = (text: string) => { readonly definitions: readonly { readonly selectionSet: SelectionSet }[] }

export type Json = string | number | boolean | null | readonly Json[] | JsonObject
export interface JsonObject {
  readonly [name: string]: Json
}

/** The one field that a query of the Prisma client asks for, as plain data. */
export interface Asked {
  readonly name: string
  /** Under this name the answer is expected. */
  readonly alias: string
  readonly arguments: JsonObject
  readonly selection: JsonObject
}

/** Reads a query of the Prisma client. @throws Error for a document without a field */
export function readQuery(parse: Parse, text: string): Asked {
  const field = parse(text).definitions[0]?.selectionSet.selections[0]
  if (field === undefined) throw new Error('the query asks for nothing')
  return {
    name: field.name.value,
    alias: (field.alias ?? field.name).value,
    arguments: argumentsOf(field),
    selection: selectionOf(field.selectionSet),
  }
}

const argumentsOf = ({ arguments: list = [] }: FieldNode): JsonObject =>
  Object.fromEntries(list.map(({ name, value }) => [name.value, plainValue(value)]))

/** `true` for a plain field, else what is asked below it. Source: Prisma's engines, JSON protocol. */
function selectionOf(set: SelectionSet | undefined): JsonObject {
  const entries = (set?.selections ?? []).map((field): [string, Json] => {
    const isPlain = field.selectionSet === undefined && (field.arguments ?? []).length === 0
    return [field.name.value, isPlain || { arguments: argumentsOf(field), selection: selectionOf(field.selectionSet) }]
  })
  return Object.fromEntries(entries)
}

function plainValue({ kind, value = '', values = [], fields = [] }: ValueNode): Json {
  switch (kind) {
    case 'IntValue':
      return Number.isSafeInteger(Number(value)) ? Number(value) : { $type: 'BigInt', value: String(value) }
    case 'FloatValue':
      return Number(value)
    case 'StringValue':
    case 'EnumValue':
    case 'BooleanValue':
      return value
    case 'NullValue':
      return null
    case 'ListValue':
      return values.map(plainValue)
    case 'ObjectValue':
      return Object.fromEntries(fields.map((field) => [field.name.value, plainValue(field.value)]))
    default:
      throw new Error(`a value of kind ${kind} is not known`)
  }
}
