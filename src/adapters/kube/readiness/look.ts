import type { Kube, KubeObject, ListQuery, ObjectRef } from '../../../ports/kube.ts'
import type { Health } from '../../../ports/readiness.ts'
import type { Clock } from '../../../ports/world.ts'
import { judge, keyOf, withLogs } from './judge.ts'
import { type Scene, Unseen, type Verdict } from './reader.ts'
import { readerOf } from './readers.ts'

/** Up to a megabyte each, and a cluster has hundreds: never listed. */
const DEFINITION = 'CustomResourceDefinition'

interface World {
  readonly kube: Kube
  readonly clock: Clock
}

/** Health of each, in order. */
export async function look(world: World, refs: readonly ObjectRef[], signal?: AbortSignal): Promise<readonly Health[]> {
  const definitions = refs.filter(({ kind }) => kind === DEFINITION)
  const others = refs.filter(({ kind }) => kind !== DEFINITION)
  const found = await Promise.all([lookAtDefinitions(world, definitions, signal), lookAtEach(world, others, signal)])
  const of = new Map(found.flat().map((health) => [health.ref, health]))
  return refs.flatMap((ref) => of.get(ref) ?? [])
}

/** Of several the API server tells in one answer which it serves; only the others are looked at. */
async function lookAtDefinitions(
  world: World,
  refs: readonly ObjectRef[],
  signal: AbortSignal | undefined,
): Promise<readonly Health[]> {
  const served = refs.length > 1 ? await world.kube.served(signal) : undefined
  const isServed = ({ name }: ObjectRef): boolean => served?.has(name) === true
  const others = refs.filter((ref) => !isServed(ref))
  const ready = refs.filter(isServed).map((ref) => ({ ref, health: 'ready' as const }))
  return [...ready, ...(await lookAtEach(world, others, signal))]
}

/** One round of reads for what is ready, a second one for what is not. */
async function lookAtEach(
  world: World,
  refs: readonly ObjectRef[],
  signal: AbortSignal | undefined,
): Promise<readonly Health[]> {
  const objects = await fetchAll(world.kube, refs, signal)
  const seen = new Map<string, readonly KubeObject[]>()
  const scene = sceneOf(seen, world.clock)
  const first = objects.map((object) => object && judge(object, scene))
  const needs = new Map(first.flatMap((judged) => judged?.needs ?? []).map((query) => [keyOf(query), query]))
  await Promise.all([...needs].map(async ([key, query]) => seen.set(key, await world.kube.list(query, signal))))
  return await Promise.all(
    refs.map(async (ref, index): Promise<Health> => {
      const object = objects[index]
      if (!object) return { ref, health: 'absent' }
      const known = first[index]
      const verdict = known && known.needs.length === 0 ? known.verdict : judge(object, scene).verdict
      return await healthOf(world.kube, ref, { verdict, signal })
    }),
  )
}

async function healthOf(
  kube: Kube,
  ref: ObjectRef,
  { verdict, signal }: { readonly verdict: Verdict; readonly signal: AbortSignal | undefined },
): Promise<Health> {
  if (verdict.health === 'ready') return { ref, health: 'ready' }
  if (verdict.health === 'progressing') return { ref, health: 'progressing', waitingFor: verdict.waitingFor }
  return { ref, health: 'failed', cause: await withLogs(kube, verdict, signal) }
}

/** Several objects of a kind with a reader come by one list; all others one by one. All at the same time. */
async function fetchAll(
  kube: Kube,
  refs: readonly ObjectRef[],
  signal: AbortSignal | undefined,
): Promise<readonly (KubeObject | undefined)[]> {
  const groups = groupBy(refs, ({ apiVersion, kind }) => `${apiVersion}|${kind}`)
  const lists = new Map<string, Promise<readonly KubeObject[]>>()
  for (const [key, group] of groups) {
    const query = listQuery(group)
    if (query) lists.set(key, kube.list(query, signal))
  }
  return await Promise.all(
    refs.map(async (ref) => {
      const list = lists.get(`${ref.apiVersion}|${ref.kind}`)
      return list ? findIn(await list, ref) : await kube.find(ref, signal)
    }),
  )
}

function listQuery(group: readonly ObjectRef[]): ListQuery | undefined {
  const [first, ...others] = group
  if (!first || others.length === 0 || first.kind === DEFINITION || !readerOf(first)) return undefined
  const namespace = others.every((ref) => ref.namespace === first.namespace) ? first.namespace : undefined
  return { apiVersion: first.apiVersion, kind: first.kind, namespace }
}

/** The object that `ref` names, in a snapshot of its kind. */
export function findIn(objects: readonly KubeObject[], ref: ObjectRef): KubeObject | undefined {
  return objects.find(
    ({ metadata }) =>
      metadata.name === ref.name &&
      (ref.namespace === undefined || metadata.namespace === undefined || metadata.namespace === ref.namespace),
  )
}

/** In a single look there is no earlier one: what stands, stands. */
function sceneOf(seen: ReadonlyMap<string, readonly KubeObject[]>, clock: Clock): Scene {
  return {
    of(query) {
      const found = seen.get(keyOf(query))
      if (!found) throw new Unseen(keyOf(query))
      return found
    },
    age: (_key, at) => (at === undefined ? Number.POSITIVE_INFINITY : clock.now() - Date.parse(at)),
  }
}

function groupBy<T>(items: readonly T[], key: (item: T) => string): Map<string, T[]> {
  const groups = new Map<string, T[]>()
  for (const item of items) groups.set(key(item), [...(groups.get(key(item)) ?? []), item])
  return groups
}
