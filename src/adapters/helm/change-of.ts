import type { Change, FieldChange } from '../../engine/step.ts'
import type { KubeObject, ObjectRef } from '../../ports/kube.ts'
import type { Leaf, Segment } from '../../ports/managed-fields.ts'
import { redact } from '../../secret.ts'
import { leavesOf, pathText } from './owned-fields.ts'

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
  return redact(typeof value === 'string' ? value : JSON.stringify(value))
}

/** One field of a change, in full: views cut. Values of a Secret are masked. */
export function fieldChange(
  kind: string,
  path: readonly Segment[],
  values: { readonly before: unknown; readonly after: unknown },
): FieldChange {
  const mask = (value: unknown) => (value === undefined ? undefined : '***')
  const show = isSecretField(kind, path) ? mask : shown
  const before = show(values.before)
  const after = show(values.after)
  return {
    path: pathText(path),
    ...(before === undefined ? {} : { before }),
    ...(after === undefined ? {} : { after }),
  }
}

/** The change of one object, or none when no field differs. */
export function updateOf(object: KubeObject, fields: readonly FieldChange[], detail?: string): readonly Change[] {
  if (fields.length === 0 && detail === undefined) return []
  return [
    {
      action: 'update',
      target: targetOf(object),
      ...(fields.length === 0 ? {} : { fields }),
      ...(detail === undefined ? {} : { detail }),
    },
  ]
}
