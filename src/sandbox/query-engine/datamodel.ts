/** Types of the fields of each model, as its schema names them: `Json`, `String`, or the name of another model. */
export type Models = ReadonlyMap<string, ReadonlyMap<string, string>>

const MODEL = /^\s*model\s+(\w+)\s*\{([\s\S]*?)^\s*\}/gm
const FIELD = /^\s*(\w+)\s+(\w+)/gm

/** The models of a Prisma schema. */
export function modelsIn(schema: string): Models {
  const models = [...schema.matchAll(MODEL)].map(([, name = '', body = '']): [string, ReadonlyMap<string, string>] => [
    name,
    new Map([...withoutComments(body).matchAll(FIELD)].map(([, field = '', type = '']) => [field, type])),
  ])
  return new Map(models)
}

const withoutComments = (text: string): string => text.replaceAll(/\/\/.*$/gm, '')

/** The schema with a generator that lets the engine speak through a driver instead of a connection of its own. */
export const withDriver = (schema: string): string =>
  schema.replace(
    /generator\s+client\s*\{[^}]*\}/,
    'generator client {\n  provider = "prisma-client-js"\n  previewFeatures = ["driverAdapters"]\n}',
  )
