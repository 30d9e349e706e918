import type { Seen } from './recording-proxy.ts'
import { stepOf } from './step-of-call.ts'

/** One exact moment of a run: before or after the `nth` call of this kind reached the API. */
export interface KillPoint {
  readonly api: 'kube' | 'aws'
  readonly operation: string
  readonly by: 'helm' | 'llmgw'
  /** Whose call it is. */
  readonly step: string
  readonly nth: number
  readonly moment: 'before' | 'after'
}

/** Names that differ from run to run are cut short: a pod's, a replica set's, and the revision of a release. */
function operationOf({ operation, path }: Seen): string {
  const lasting = operation
    .replace(/(\/pods\/[\w.-]+?)-[0-9a-z]{8,10}-[0-9a-z]{5}$/, '$1')
    .replace(/(\/replicasets\/[\w.-]+?)-[0-9a-z]{8,10}$/, '$1')
    .replace(/(\/sh\.helm\.release\.v1\.[\w-]+)\.v\d+$/, '$1')
  if (path.includes('watch=')) return `WATCH ${lasting}`
  return path.includes('dryRun=') ? `DRY RUN ${lasting}` : lasting
}

const callerOf = ({ userAgent }: Seen): KillPoint['by'] => (/^helm/i.test(userAgent) ? 'helm' : 'llmgw')

/** A read that is not a wait is no point of interest: nothing is half done there. */
const matters = (seen: Seen): boolean => seen.write || seen.path.includes('watch=')

/** Whether a run comes by here depends on the clock: what is waited for may be over already, and the lock is renewed by time. */
export const isTimed = ({ operation, nth }: KillPoint): boolean =>
  operation.startsWith('WATCH') || (nth > 1 && operation.includes('/leases/'))

export function describePoint({ api, operation, by, nth, moment }: KillPoint): string {
  return `${moment} ${by}'s ${operation} to ${api}${nth > 1 ? ` (call ${nth})` : ''}`
}

/** A connection to a port of a pod is handed through as it is: no hook is called for it. */
const isHandedThrough = ({ operation }: Seen): boolean => operation.endsWith('/portforward')

/** A call to one of both APIs. */
export interface Call {
  readonly api: KillPoint['api']
  readonly seen: Seen
}

/** Every point that a run with these calls passed, in their order; `reads`: those too. */
export function pointsOf(calls: readonly Call[], { reads } = { reads: false }): readonly KillPoint[] {
  const counts = new Map<string, number>()
  return calls
    .filter(({ seen }) => (reads || matters(seen)) && !isHandedThrough(seen))
    .flatMap(({ api, seen }) => {
      const { operation, by, step } = kindOf(seen)
      const kind = `${by} ${step} ${operation}`
      const nth = (counts.get(kind) ?? 0) + 1
      counts.set(kind, nth)
      const moments = seen.write ? (['before', 'after'] as const) : (['before'] as const)
      return moments.map((moment) => ({ api, operation, by, step, nth, moment }))
    })
}

/** What calls are counted by. */
const kindOf = (seen: Seen): Pick<KillPoint, 'operation' | 'by' | 'step'> => ({
  operation: operationOf(seen),
  by: callerOf(seen),
  step: stepOf(seen),
})

/** Names of objects out of it: `PATCH /api/v1/namespaces/litellm/secrets/x` is of the kind `PATCH secrets`. */
export const kindOfCall = ({ operation }: KillPoint): string =>
  operation.replace(/\/(api|apis\/[^/]+)\/v\w+(\/namespaces\/[^/]+(?=\/))?\/([^/]+).*/, '$3')

/** Hooks that call `fire` once, when the run reaches the point. */
export function atPoint(
  point: KillPoint,
  fire: (seen: Seen) => void,
): { before(seen: Seen): void; after(seen: Seen): void } {
  // Calls of one kind overlap, so an answer must know which call it belongs to.
  const numbers = new Map<Seen, number>()
  const hit = (seen: Seen, moment: KillPoint['moment']): void => {
    const { operation, by, step } = kindOf(seen)
    if (operation !== point.operation || by !== point.by || step !== point.step) return
    if (moment === 'before') numbers.set(seen, numbers.size + 1)
    if (moment === point.moment && numbers.get(seen) === point.nth) fire(seen)
  }
  return { before: (seen) => hit(seen, 'before'), after: (seen) => hit(seen, 'after') }
}

/** Mulberry32: the same seed gives the same sample on every machine. Source: Tommy Ettinger, public domain. */
export function random(seed: number): () => number {
  let state = seed
  return () => {
    state = (state + 0x6d2b79f5) | 0
    let mixed = Math.imul(state ^ (state >>> 15), 1 | state)
    mixed = (mixed + Math.imul(mixed ^ (mixed >>> 7), 61 | mixed)) ^ mixed
    return ((mixed ^ (mixed >>> 14)) >>> 0) / 4_294_967_296
  }
}

/** `size` points, taken in turn from each kind of call (AWS write, helm's write, own write, wait), so that none is left out. */
export function sample(points: readonly KillPoint[], size: number, seed: number): readonly KillPoint[] {
  const next = random(seed)
  const kinds = new Map<string, KillPoint[]>()
  for (const point of points) {
    const kind = `${point.api} ${point.by} ${isTimed(point) ? 'timed' : point.moment}`
    kinds.set(kind, [...(kinds.get(kind) ?? []), point])
  }
  const chosen: KillPoint[] = []
  const pools = [...kinds.values()]
  while (chosen.length < size && pools.some((pool) => pool.length > 0)) {
    for (const pool of pools) {
      const [point] = pool.splice(Math.floor(next() * pool.length), 1)
      if (point && chosen.length < size) chosen.push(point)
    }
  }
  return chosen
}
