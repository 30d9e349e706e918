import { parse } from 'yaml'
import { closest } from '../../config/closest.ts'
import { isTree, type Tree } from '../../config/merge.ts'
import type { Assets } from '../../ports/index.ts'

/** What a chart takes, as `npm run charts:facts` read it from the chart itself. */
export interface ChartFacts {
  readonly chart: string
  readonly version: string
  /** Paths that we set, each found to change the rendering. */
  readonly proven: readonly string[]
  /** Paths of its values that no template reads. */
  readonly unread: readonly string[]
  /** Its values by kind: `text`, `number`, `boolean`, `list`, `null`, `unset` (read, without default) or a mapping; `*` = any key. */
  readonly values: Tree
}

/** Something about a value that the chart will not take as it is meant. */
export interface ValueFault {
  readonly severity: 'error' | 'warning'
  readonly code: 'ValueUnknown' | 'ValueKind' | 'ValueUnread'
  readonly message: string
  readonly fix: string
}

/** The facts about a chart. */
export async function readFacts(chart: string, assets: Assets): Promise<ChartFacts> {
  return parse(await assets.text(`helm-values/chart-facts/${chart}.yaml`)) as ChartFacts
}

/** What is wrong with a value at this path of a chart's values; undefined: nothing that can be told without rendering. */
export function valueFault(facts: ChartFacts, keys: readonly string[], value: unknown): ValueFault | undefined {
  const path = keys.join('.')
  const found = kindAt(facts, keys)
  if ('unknownAt' in found) return unknown(facts, keys, found.unknownAt)
  if (value === null) return undefined
  const expected = mismatch(found.kind, keys, value)
  if (expected !== undefined)
    return {
      severity: 'error',
      code: 'ValueKind',
      message: `${path}: chart ${facts.chart} takes ${expected} here`,
      fix: `write ${expected}`,
    }
  if (!facts.unread.some((dead) => path === dead || path.startsWith(`${dead}.`))) return undefined
  return {
    severity: 'warning',
    code: 'ValueUnread',
    message: `${path}: no template of chart ${facts.chart} ${facts.version} reads it, so it changes nothing`,
    fix: `remove ${path}`,
  }
}

type Found = { readonly kind: unknown } | { readonly unknownAt: number }

function kindAt({ values, proven }: ChartFacts, keys: readonly string[]): Found {
  let here: unknown = values
  for (const [index, key] of keys.entries()) {
    if (!isTree(here)) return { kind: takesKeys(here, keys.slice(0, index), proven) ? 'null' : here }
    if (!Object.hasOwn(here, key)) return Object.hasOwn(here, OPEN) ? { kind: 'null' } : { unknownAt: index }
    here = here[key]
  }
  return { kind: here }
}

/** What has no default of its own may be a mapping, and so may a list below which a value of ours changes the rendering. */
function takesKeys(kind: unknown, keys: readonly string[], proven: readonly string[]): boolean {
  if (kind === 'list') return proven.some((path) => path.startsWith(`${keys.join('.')}.`))
  return kind === 'null' || kind === 'unset' || kind === 'text'
}

const OPEN = '*'

function unknown({ chart, version, values }: ChartFacts, keys: readonly string[], at: number): ValueFault {
  const parent = keys.slice(0, at)
  const siblings = Object.keys(parent.reduce<unknown>((here, key) => (here as Tree)[key], values) as Tree)
  const near = closest(keys[at] ?? '', siblings)
  const suggestion = near === undefined ? undefined : [...parent, near].join('.')
  const path = keys.slice(0, at + 1).join('.')
  return {
    severity: 'error',
    code: 'ValueUnknown',
    message: `${path}: chart ${chart} ${version} knows no such value${suggestion ? `; did you mean "${suggestion}"?` : ''}`,
    fix: suggestion ? `write ${suggestion}` : `remove ${path}`,
  }
}

/** Whether a value fits where the chart has one of this kind, and how it is called. */
const KINDS: Readonly<Record<string, readonly [expected: string, fits: (value: unknown) => boolean]>> = {
  boolean: ['true or false, without quotes', (value) => typeof value === 'boolean'],
  list: ['a list', Array.isArray],
  number: ['a number', (value) => typeof value === 'number' || /^\d+(\.\d+)?%?$/.test(String(value))],
}

/** What the chart takes instead, e.g. `true or false`. */
function mismatch(kind: unknown, keys: readonly string[], value: unknown): string | undefined {
  if (isTree(kind)) return isTree(value) ? undefined : 'a mapping'
  const known = KINDS[String(kind)]
  if (known) return known[1](value) ? undefined : known[0]
  // 1.10 without quotes is the number 1.1.
  return typeof value === 'number' && keys.at(-1) === 'tag' ? 'a text in quotes' : undefined
}
