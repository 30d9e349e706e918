import type { Cause, Observation } from '../../src/engine/step.ts'
import type { KubeObject, ObjectRef, Services } from '../../src/ports/index.ts'

/** What looks for the root of a cause may see; everything is only read. */
export interface Scene extends Services {
  readonly signal: AbortSignal
  /** What the checks of the steps saw, by id. */
  readonly observations: ReadonlyMap<string, Observation>
}

/** One way from a cause to what lies beneath it; undefined where it leads nowhere. */
export type Rule = (cause: Cause, scene: Scene) => Promise<Cause | undefined>

/** Address of an object, for the cause that is about it. */
export function aboutOf({ apiVersion, kind, name, namespace }: ObjectRef): NonNullable<Cause['about']> {
  return { apiVersion, kind, name, ...(namespace === undefined ? {} : { namespace }) }
}

export const refTo = ({ apiVersion, kind, metadata }: KubeObject): ObjectRef => ({
  apiVersion,
  kind,
  name: metadata.name,
  namespace: metadata.namespace,
})

/** `Secret litellm/redis-credentials`. */
export const nameOf = ({ kind, name, namespace }: ObjectRef): string =>
  `${kind} ${namespace === undefined ? '' : `${namespace}/`}${name}`
