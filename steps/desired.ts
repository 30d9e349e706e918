import type { FieldChange } from '../src/engine/step.ts'
import type { KubeObject, ObjectRef } from '../src/ports/index.ts'

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
  if (isTree(wanted))
    return Object.entries(wanted).flatMap(([key, value]) =>
      differences(value, isTree(live) ? live[key] : undefined, path === '' ? key : `${path}.${key}`),
    )
  if (Array.isArray(wanted)) return listDifferences(wanted, live, path)
  if (wanted === live) return []
  return [{ path, ...(live === undefined ? {} : { before: render(live) }), after: render(wanted) }]
}

function listDifferences(wanted: readonly unknown[], live: unknown, path: string): readonly FieldChange[] {
  if (!Array.isArray(live) || live.length !== wanted.length)
    return [{ path, ...(live === undefined ? {} : { before: render(live) }), after: render(wanted) }]
  return wanted.flatMap((item, index) => differences(item, live[index], `${path}[${index}]`))
}

function render(value: unknown): string {
  return typeof value === 'string' ? value : JSON.stringify(value)
}

/** Object from a data file: checked to be one. */
export function asObject(document: unknown, file: string): KubeObject {
  if (isTree(document) && typeof document.kind === 'string' && isTree(document.metadata)) return document as KubeObject
  throw new Error(`${file} holds something that is no Kubernetes object`)
}
