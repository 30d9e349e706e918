import type { Change, FieldChange } from '../../engine/step.ts'
import type { KubeObject, ObjectRef } from '../../ports/kube.ts'
import { redact } from '../../secret.ts'
import { type Leaf, leavesOf, pathText, type Segment } from './owned-fields.ts'

/** Longer values are cut: a plan is read by people. */
const LONGEST_VALUE = 120
/** More differences of one object are summed up. */
const MOST_FIELDS = 40

/** The reference of an object. */
export function refOf(object: KubeObject): ObjectRef {
  const { name, namespace } = object.metadata
  return { apiVersion: object.apiVersion, kind: object.kind, name, namespace }
}

/** How a plan names an object, e.g. `deployment litellm/redis`. */
export function targetOf(object: KubeObject): string {
  const { name, namespace } = object.metadata
  return `${object.kind.toLowerCase()} ${namespace === undefined ? name : `${namespace}/${name}`}`
}

/** Identity of an object whatever version of its kind it is written in. */
export function identityOf(object: KubeObject): string {
  const group = object.apiVersion.includes('/') ? object.apiVersion.split('/')[0] : ''
  return `${group} ${targetOf(object)}`
}

/** The values of a manifest that say something about the object, with `stringData` of a Secret as the server stores it. */
export function wantedLeaves(object: KubeObject): readonly Leaf[] {
  const { apiVersion: _, kind, status: __, metadata, stringData, ...rest } = object
  const { labels, annotations } = metadata
  const encoded = Object.entries((stringData ?? {}) as Record<string, unknown>).map(([key, value]) => [
    key,
    Buffer.from(String(value), 'utf8').toString('base64'),
  ])
  const data = { ...(rest.data as object | undefined), ...Object.fromEntries(encoded) }
  const body = kind === 'Secret' && encoded.length > 0 ? { ...rest, data } : rest
  return leavesOf({ metadata: { ...(labels && { labels }), ...(annotations && { annotations }) }, ...body }).filter(
    (leaf) => pathText(leaf.path) !== 'metadata',
  )
}

/** Whether a field of this kind may hold a secret. */
function isSecretField(kind: string, path: readonly Segment[]): boolean {
  return kind === 'Secret' && (path[0] === 'data' || path[0] === 'stringData')
}

function shown(value: unknown): string | undefined {
  if (value === undefined) return undefined
  const text = redact(typeof value === 'string' ? value : JSON.stringify(value)).replaceAll('\n', '\\n')
  return text.length > LONGEST_VALUE ? `${text.slice(0, LONGEST_VALUE)}…` : text
}

/** Where two long texts begin to differ, from the start of that line; 0 where the beginning is shown anyway. */
function firstDifference(before: unknown, after: unknown): number {
  if (typeof before !== 'string' || typeof after !== 'string') return 0
  let at = 0
  while (at < before.length && before[at] === after[at]) at += 1
  return at < LONGEST_VALUE / 2 ? 0 : before.lastIndexOf('\n', at - 1) + 1
}

const from = (value: unknown, at: number): unknown => (at > 0 ? `…${String(value).slice(at)}` : value)

/** One field of a change; values of a Secret are masked. */
export function fieldChange(
  kind: string,
  path: readonly Segment[],
  values: { readonly before: unknown; readonly after: unknown },
): FieldChange {
  const mask = (value: unknown) => (value === undefined ? undefined : '***')
  const show = isSecretField(kind, path) ? mask : shown
  const at = firstDifference(values.before, values.after)
  const before = show(from(values.before, at))
  const after = show(from(values.after, at))
  return {
    path: pathText(path),
    ...(before === undefined ? {} : { before }),
    ...(after === undefined ? {} : { after }),
  }
}

/** The change of one object, or none when no field differs. */
export function updateOf(object: KubeObject, fields: readonly FieldChange[], detail?: string): readonly Change[] {
  if (fields.length === 0 && detail === undefined) return []
  const rest = fields.length - MOST_FIELDS
  const details = [detail, rest > 0 ? `and ${rest} more fields` : undefined].filter((text) => text !== undefined)
  return [
    {
      action: 'update',
      target: targetOf(object),
      ...(fields.length === 0 ? {} : { fields: fields.slice(0, MOST_FIELDS) }),
      ...(details.length === 0 ? {} : { detail: details.join('; ') }),
    },
  ]
}
