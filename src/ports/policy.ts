import type { FieldChange } from '../engine/step.ts'
import type { PolicyDocument } from './aws.ts'

/** A policy as IAM gives or takes it: an object, JSON text, or URL-encoded JSON text. */
export type PolicyInput = PolicyDocument | string

type Json = Readonly<Record<string, unknown>>

/** One statement in a canonical form: element -> sorted, distinct texts. `Sid` is kept apart, it grants nothing. */
interface Canonical {
  readonly sid: string | undefined
  readonly elements: ReadonlyMap<string, readonly string[]>
  readonly key: string
}

/** A document without a `Version` is of this one. Source: IAM user guide, "IAM JSON policy elements: Version". */
const OLD_VERSION = '2008-10-17'

/** Reads a policy document; `Statement` comes out as a list. @throws SyntaxError when it is not JSON */
export function parsePolicy(input: PolicyInput): PolicyDocument {
  if (typeof input !== 'string') return { ...input, Statement: listOf(input.Statement) as PolicyDocument['Statement'] }
  const text = input.trim().startsWith('{') ? input : decodeURIComponent(input)
  return parsePolicy(JSON.parse(text) as PolicyDocument)
}

/** Whether two documents grant the same: order, duplicates, one-or-list forms, case of actions, `Sid` and `Id` do not matter. */
export function samePolicy(a: PolicyInput, b: PolicyInput): boolean {
  return policyDifferences(a, b).length === 0
}

/** What to change in `before` to get `after`, value by value; paths like `Statement[ReadSecrets].Resource`. Empty = they grant the same. */
export function policyDifferences(before: PolicyInput, after: PolicyInput): readonly FieldChange[] {
  const [old, wanted] = [parsePolicy(before), parsePolicy(after)]
  const versions = [old.Version ?? OLD_VERSION, wanted.Version ?? OLD_VERSION] as const
  const version = versions[0] === versions[1] ? [] : [{ path: 'Version', before: versions[0], after: versions[1] }]
  return [...version, ...statementDifferences(canonical(old), canonical(wanted))]
}

function canonical(policy: PolicyDocument): readonly Canonical[] {
  const byKey = new Map<string, Canonical>()
  for (const statement of policy.Statement) {
    const made = canonicalStatement(statement)
    if (!byKey.has(made.key)) byKey.set(made.key, made)
  }
  return [...byKey.values()]
}

function canonicalStatement(statement: Json): Canonical {
  const elements = new Map<string, readonly string[]>()
  for (const [name, value] of Object.entries(statement)) {
    if (name === 'Sid' || value === undefined) continue
    for (const [path, texts] of element(name, value)) elements.set(path, distinct(texts))
  }
  const sorted = new Map([...elements].sort(([a], [b]) => (a < b ? -1 : 1)))
  const sid = typeof statement.Sid === 'string' && statement.Sid !== '' ? statement.Sid : undefined
  return { sid, elements: sorted, key: JSON.stringify([...sorted]) }
}

/** An element's paths below the statement, each with its values. */
function element(name: string, value: unknown): readonly (readonly [string, readonly string[]])[] {
  if (name === 'Action' || name === 'NotAction') return [[name, texts(value).map((text) => text.toLowerCase())]]
  if (name === 'Principal' || name === 'NotPrincipal') return principals(name, value)
  if (name === 'Condition') return conditions(name, value)
  return [[name, texts(value)]]
}

function principals(name: string, value: unknown): readonly (readonly [string, readonly string[]])[] {
  // A bare `*` is everybody, as `{"AWS": "*"}` is; an account id stands for its root. Source: IAM user guide, "Principal".
  if (typeof value === 'string') return [[`${name}.AWS`, [value]]]
  return Object.entries(value as Json).map(([kind, ids]) => [
    `${name}.${kind}`,
    texts(ids).map((id) => (kind === 'AWS' ? id.replace(/^arn:[\w-]+:iam::(\d{12}):root$/, '$1') : id)),
  ])
}

/** Condition keys are not case-sensitive, their values and operators are. Source: IAM user guide, "Condition". */
function conditions(name: string, value: unknown): readonly (readonly [string, readonly string[]])[] {
  return Object.entries(value as Json).flatMap(([operator, keys]) =>
    Object.entries(keys as Json).map(
      ([key, values]) => [`${name}.${operator}.${key.toLowerCase()}`, texts(values)] as const,
    ),
  )
}

const listOf = (value: unknown): readonly unknown[] =>
  value === undefined ? [] : Array.isArray(value) ? value : [value]
const texts = (value: unknown): readonly string[] =>
  listOf(value).map((item) => (typeof item === 'object' ? JSON.stringify(item) : String(item)))
const distinct = (values: readonly string[]): readonly string[] => [...new Set(values)].sort()

function statementDifferences(old: readonly Canonical[], wanted: readonly Canonical[]): readonly FieldChange[] {
  const kept = new Set(wanted.map((one) => one.key))
  const had = new Set(old.map((one) => one.key))
  const gone = old.filter((one) => !kept.has(one.key))
  const added = wanted.filter((one) => !had.has(one.key))
  const changes: FieldChange[] = []
  for (const [index, one] of added.entries()) {
    const partner = takePartner(gone, one)
    changes.push(...elementDifferences(`Statement[${one.sid ?? partner?.sid ?? index}]`, partner, one))
  }
  for (const [index, one] of gone.entries())
    changes.push(...elementDifferences(`Statement[${one.sid ?? `removed ${index}`}]`, one, undefined))
  return changes
}

/** The statement that this one most likely was before: of the same Sid, else the one with most elements in common. */
function takePartner(candidates: Canonical[], one: Canonical): Canonical | undefined {
  const bySid = candidates.findIndex((other) => other.sid !== undefined && other.sid === one.sid)
  const common = (other: Canonical): number =>
    [...one.elements].filter(([path, values]) => String(other.elements.get(path)) === String(values)).length
  const best = candidates.reduce((at, other, index) => {
    const leader = candidates[at]
    return leader === undefined || common(other) > common(leader) ? index : at
  }, 0)
  return candidates.splice(bySid >= 0 ? bySid : best, 1)[0]
}

function elementDifferences(
  path: string,
  old: Canonical | undefined,
  wanted: Canonical | undefined,
): readonly FieldChange[] {
  const names = distinct([...(old?.elements.keys() ?? []), ...(wanted?.elements.keys() ?? [])])
  return names.flatMap((name) => {
    const before = old?.elements.get(name) ?? []
    const after = wanted?.elements.get(name) ?? []
    const removed = before.filter((value) => !after.includes(value))
    const added = after.filter((value) => !before.includes(value))
    // One value replaced by one other reads best as one change.
    if (removed.length === 1 && added.length === 1) return [change(`${path}.${name}`, removed[0], added[0])]
    return [
      ...removed.map((value) => change(`${path}.${name}`, value, undefined)),
      ...added.map((value) => change(`${path}.${name}`, undefined, value)),
    ]
  })
}

const change = (path: string, before: string | undefined, after: string | undefined): FieldChange => ({
  path,
  ...(before === undefined ? {} : { before }),
  ...(after === undefined ? {} : { after }),
})
