import type * as z from 'zod'
import { closest } from './closest.ts'
import type { Fault } from './fault.ts'
import { allPaths, fileSchema, keysAt } from './json-schema.ts'
import { type Path, pathText, type Tree, valueAt } from './merge.ts'
import type { Problem } from './problem.ts'
import { type Config, configSchema } from './schema.ts'
import { showText, showValue } from './show.ts'

export type Validated = { readonly config: Config } | { readonly faults: readonly Fault[] }

/** Checks a merged tree against the schema; each fault names what was found and what was expected. */
export function validate(tree: Tree): Validated {
  const result = configSchema.safeParse(tree)
  if (result.success) return { config: result.data }
  const faults = result.error.issues.flatMap((issue) => faultsOf(issue, tree))
  // One fault a value: of two limits on it, the later one is the narrower.
  return { faults: [...new Map(faults.map((fault) => [pathText(fault.path), fault])).values()] }
}

/** A fault with its place. */
export function placed(fault: Fault, place: Omit<Problem, 'message' | 'path'>): Problem {
  return { ...place, path: showText(pathText(fault.path)), message: fault.message }
}

type Issue = z.core.$ZodIssue

function faultsOf(issue: Issue, tree: Tree): readonly Fault[] {
  const path = issue.path.map((part) => (typeof part === 'symbol' ? String(part) : part))
  if (issue.code === 'unrecognized_keys')
    return issue.keys.map((key) => ({ path: [...path, key], atKey: true, message: unknownKey(path, key) }))
  if (issue.code === 'invalid_key')
    return [{ path, atKey: true, message: `expected a name of ${issue.issues[0]?.message ?? 'another form'}` }]
  const found = valueAt(tree, path)
  if (issue.code === 'invalid_union' && issue.discriminator !== undefined) return [unknownVariant(issue, path, tree)]
  const expected = `${expectation(issue)}${unquoted(issue, found) ? ' in quotes' : ''}`
  return [
    {
      path,
      message:
        found === undefined ? `is missing; expected ${expected}` : `expected ${expected}, found ${showValue(found)}`,
    },
  ]
}

/** `123456789012` is a number to YAML, `"123456789012"` a text. */
function unquoted(issue: Issue, found: unknown): boolean {
  return issue.code === 'invalid_type' && issue.expected === 'string' && /number|boolean/.test(typeof found)
}

function expectation(issue: Issue): string {
  switch (issue.code) {
    case 'invalid_type':
      return withArticle(issue.expected)
    case 'invalid_value':
      return oneOf(issue.values.map(String))
    case 'invalid_format':
      return issue.format === 'url' ? 'a URL' : issue.message
    case 'too_small':
      return issue.origin === 'string' ? `at least ${issue.minimum} characters` : `at least ${issue.minimum}`
    case 'too_big':
      return issue.origin === 'string' ? `at most ${issue.maximum} characters` : `at most ${issue.maximum}`
    case 'invalid_union':
      return unionExpectation(issue.errors)
    default:
      return issue.message
  }
}

function unionExpectation(branches: readonly (readonly Issue[])[]): string {
  return oneOf(branches.flatMap((branch) => branch.map(expectation)))
}

function withArticle(type: string): string {
  const words: Readonly<Record<string, string>> = {
    string: 'a text',
    object: 'a mapping',
    record: 'a mapping',
    array: 'a list',
    int: 'a whole number',
    number: 'a number',
    boolean: 'true or false',
  }
  return words[type] ?? type
}

function unknownVariant(issue: Issue & { readonly code: 'invalid_union' }, path: Path, tree: Tree): Fault {
  const key = issue.discriminator ?? 'kind'
  const at = path.at(-1) === key ? path : [...path, key]
  const found = valueAt(tree, at)
  const options = 'options' in issue && Array.isArray(issue.options) ? issue.options.map(String) : []
  const expected = options.length > 0 ? oneOf(options) : 'another value'
  const suggestion = typeof found === 'string' ? suggest(found, options) : ''
  return {
    path: at,
    message:
      found === undefined
        ? `is missing; expected ${expected}`
        : `expected ${expected}, found ${showValue(found)}${suggestion}`,
  }
}

/** Worked out once, and only when something is wrong. */
let schema: Tree | undefined

function unknownKey(parent: Path, key: string): string {
  schema ??= fileSchema()
  const here = keysAt(schema, parent)
  const near = closest(key, here)
  if (near !== undefined) return `is not a known key; did you mean "${near}"?`
  // Components are named there: the same word elsewhere means something else.
  const isName = pathText(parent) === 'components'
  const elsewhere = isName ? undefined : allPaths(schema).find((path) => path.split('.').at(-1) === key)
  if (elsewhere !== undefined) return `is not a known key here; did you mean "${elsewhere}"?`
  return here.length > 0 ? `is not a known key; expected ${oneOf(here)}` : 'is not a known key'
}

function suggest(word: string, candidates: readonly string[]): string {
  const near = closest(word, candidates)
  return near === undefined ? '' : `; did you mean "${near}"?`
}

function oneOf(words: readonly string[]): string {
  const unique = [...new Set(words)]
  return unique.length === 1 ? (unique[0] ?? '') : `${unique.slice(0, -1).join(', ')} or ${unique.at(-1)}`
}
