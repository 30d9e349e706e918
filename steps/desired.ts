import type { Change, ChangedBy, FieldChange } from '../src/engine/step.ts'
import type { KubeObject, ObjectRef } from '../src/ports/index.ts'
import { ownersOf, type Segment } from '../src/ports/managed-fields.ts'

type Tree = Readonly<Record<string, unknown>>

const isTree = (value: unknown): value is Tree => typeof value === 'object' && value !== null && !Array.isArray(value)

/** Address of an object. */
export function refOf({ apiVersion, kind, metadata }: KubeObject): ObjectRef {
  return { apiVersion, kind, name: metadata.name, namespace: metadata.namespace }
}

/** How changes name an object, e.g. `externalsecret litellm/redis-credentials`. */
export function targetOf({ kind, name, namespace }: ObjectRef): string {
  return `${kind.toLowerCase()} ${namespace === undefined ? '' : `${namespace}/`}${name}`
}

/** Fields that are wanted and not so; what others or the API server added is no difference. Lists are compared whole. */
export function differences(wanted: unknown, live: unknown, path = ''): readonly FieldChange[] {
  return found(wanted, live, { text: path, segments: [] }).map(({ field }) => field)
}

/**
 * The same below the fields that lead to a part of a live object, each with who makes it differ: a field that we still
 * own has the value of the last deploy, one that somebody else owns was taken from us.
 */
export function objectDifferences(
  wanted: unknown,
  live: KubeObject,
  at: readonly [string, ...string[]],
): readonly FieldChange[] {
  const part = at.reduce<unknown>((value, key) => (isTree(value) ? value[key] : undefined), live)
  return found(wanted, part, { text: at.join('.'), segments: at }).map(({ field, segments, value }) => {
    const by = whoOwns(ownersOf(live, { path: segments, value }))
    return by === undefined ? field : { ...field, by }
  })
}

/** Field manager of what we apply. */
const OURS = 'llmgw'

/** Undefined where nobody owns it: then it was never wanted before, or somebody removed it. */
function whoOwns(managers: readonly string[]): ChangedBy | undefined {
  if (managers.includes(OURS)) return 'configuration'
  return managers.length > 0 ? 'others' : undefined
}

/** Says for the whole change what holds for all of its fields. */
export function attributed(change: Change): Change {
  const [first, ...rest] = change.fields ?? []
  if (first?.by === undefined || rest.some(({ by }) => by !== first.by)) return change
  return { ...change, by: first.by, fields: (change.fields ?? []).map(({ by: _by, ...field }) => field) }
}

interface Found {
  readonly field: FieldChange
  readonly segments: readonly Segment[]
  /** Wanted value. */
  readonly value: unknown
}

interface At {
  readonly text: string
  readonly segments: readonly Segment[]
}

function found(wanted: unknown, live: unknown, at: At): readonly Found[] {
  if (isTree(wanted))
    return Object.entries(wanted).flatMap(([key, value]) =>
      found(value, isTree(live) ? live[key] : undefined, {
        text: at.text === '' ? key : `${at.text}.${key}`,
        segments: [...at.segments, key],
      }),
    )
  if (Array.isArray(wanted) && Array.isArray(live) && live.length === wanted.length)
    return wanted.flatMap((item, index) =>
      found(item, live[index], { text: `${at.text}[${index}]`, segments: [...at.segments, { index }] }),
    )
  if (wanted === live) return []
  const field = { path: at.text, ...(live === undefined ? {} : { before: render(live) }), after: render(wanted) }
  return [{ field, segments: at.segments, value: wanted }]
}

function render(value: unknown): string {
  return typeof value === 'string' ? value : JSON.stringify(value)
}

/** Object from a data file: checked to be one. */
export function asObject(document: unknown, file: string): KubeObject {
  if (isTree(document) && typeof document.kind === 'string' && isTree(document.metadata)) return document as KubeObject
  throw new Error(`${file} holds something that is no Kubernetes object`)
}
