import type { Cause } from '../../../engine/step.ts'
import type { KubeObject, ListQuery } from '../../../ports/kube.ts'

/** A container whose last log lines tell more than its state. */
export interface LogSource {
  readonly namespace: string
  readonly name: string
  readonly container: string
  readonly previous: boolean
}

/** What a reader makes of one object. */
export type Verdict =
  | { readonly health: 'ready' }
  | { readonly health: 'progressing'; readonly waitingFor: string }
  | { readonly health: 'failed'; readonly cause: Cause; readonly logs?: LogSource }

/** What else is known while an object is judged. */
export interface Scene {
  /** Snapshot of a query that the reader names in `needs`. @throws Unseen when nobody has looked yet */
  of(query: ListQuery): readonly KubeObject[]
  /** For how long, in ms, this has been so: since first seen here while waiting, since `at` (server time) in a single look. */
  age(key: string, at?: string): number
}

/** The verdict needs a look at something else first: at what the reader `needs`. */
export class Unseen extends Error {}

/** Reads the readiness of one kind. */
export interface Reader {
  /** What must be seen to judge or explain an object that is not plainly ready. */
  needs(object: KubeObject): readonly ListQuery[]
  read(object: KubeObject, scene: Scene): Verdict
}

export const READY: Verdict = { health: 'ready' }

/** @param waitingFor follows the object's name, e.g. `1/3 ready` */
export function progressing(waitingFor: string): Verdict {
  return { health: 'progressing', waitingFor }
}

export function failed(cause: Cause, logs?: LogSource): Verdict {
  return { health: 'failed', cause, ...(logs === undefined ? {} : { logs }) }
}

/** Address of an object, for the cause that is about it. */
export function aboutOf({ apiVersion, kind, metadata: { name, namespace } }: KubeObject): NonNullable<Cause['about']> {
  return { apiVersion, kind, name, ...(namespace === undefined ? {} : { namespace }) }
}

interface Condition {
  readonly type: string
  readonly status: string
  readonly reason?: string
  readonly message?: string
  readonly lastTransitionTime?: string
  readonly observedGeneration?: number
}

/** The fields of `spec` and `status` that readers use; all may be absent. */
export type Fields = Readonly<Record<string, unknown>>

export const specOf = (object: KubeObject): Fields => (object.spec ?? {}) as Fields
export const statusOf = (object: KubeObject): Fields => (object.status ?? {}) as Fields

/** A number in `fields`; absent counts as `otherwise` (the API omits zeros). */
export function count(fields: Fields, name: string, otherwise = 0): number {
  const value = fields[name]
  return typeof value === 'number' ? value : otherwise
}

/** The condition of this type in the status. */
export function conditionOf(object: KubeObject, type: string): Condition | undefined {
  const conditions = statusOf(object).conditions as readonly Condition[] | undefined
  return conditions?.find((condition) => condition.type === type)
}

/** The controller has not yet seen the newest spec, so the rest of the status is about an older one. */
export function isUnobserved(object: KubeObject): boolean {
  return count(statusOf(object), 'observedGeneration') < (object.metadata.generation ?? 0)
}

/** `namespace/name`, or the name of a cluster-scoped object. */
export function pathOf({ metadata }: KubeObject): string {
  return metadata.namespace === undefined ? metadata.name : `${metadata.namespace}/${metadata.name}`
}
