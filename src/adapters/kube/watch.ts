import { setTimeout as sleep } from 'node:timers/promises'
import type { KubeObject, ListQuery } from '../../ports/kube.ts'
import { hasCode } from './errors.ts'
import type { Resource } from './kinds.ts'
import { listAll } from './list.ts'
import type { Rest } from './rest.ts'
import { watchOnce } from './watch-stream.ts'

type Find = (kind: { apiVersion: string; kind: string }, signal?: AbortSignal) => Promise<Resource | undefined>

/** Nothing can be watched before the kind is served; a CRD takes about a second to be. */
const UNSERVED_MS = 1_000
/** Between two attempts after a stream that ended; doubled while it keeps failing. */
const PAUSE_MS = 250
/** About 30 s of failures in a row: then nobody is there. */
const MOST_FAILURES = 7

/** State that the reader fills and the consumer takes snapshots of. */
interface Mirror {
  readonly objects: Map<string, KubeObject>
  resourceVersion: string | undefined
  dirty: boolean
  failures: number
  error: unknown
  wake: () => void
}

const keyOf = ({ metadata }: KubeObject): string => `${metadata.namespace ?? ''}/${metadata.name}`

/** Snapshots of the matching objects: now, and after changes; changes that come faster than they are taken are merged. */
export async function* watchSnapshots(
  rest: Rest,
  query: ListQuery,
  options: { readonly find: Find; readonly signal: AbortSignal },
): AsyncGenerator<readonly KubeObject[]> {
  const stop = new AbortController()
  const mirror: Mirror = {
    objects: new Map(),
    resourceVersion: undefined,
    dirty: false,
    failures: 0,
    error: undefined,
    wake: () => undefined,
  }
  const abort = (): void => {
    stop.abort()
    mirror.wake()
  }
  options.signal.addEventListener('abort', abort, { once: true })
  if (options.signal.aborted) abort()
  const reading = follow(rest, query, { mirror, find: options.find, signal: stop.signal }).catch((error: unknown) => {
    mirror.error = error
    mirror.wake()
  })
  try {
    while (!stop.signal.aborted) {
      if (mirror.dirty) {
        mirror.dirty = false
        yield [...mirror.objects.values()]
      } else if (mirror.error !== undefined) throw mirror.error
      else await new Promise<void>((resolve) => (mirror.wake = resolve))
    }
  } finally {
    options.signal.removeEventListener('abort', abort)
    stop.abort()
    await reading
  }
}

interface Follow {
  readonly mirror: Mirror
  readonly find: Find
  readonly signal: AbortSignal
}

/** Keeps the mirror true until `signal` aborts. @throws when it cannot look any more */
async function follow(rest: Rest, query: ListQuery, options: Follow): Promise<void> {
  const { mirror, signal } = options
  while (!signal.aborted) {
    try {
      await pause(await round(rest, query, options), signal)
    } catch (error) {
      if (signal.aborted) return
      mirror.failures += 1
      if (!isPassing(error) || mirror.failures > MOST_FAILURES) throw error
      await pause(PAUSE_MS * 2 ** mirror.failures, signal)
    }
  }
}

/** Lists where that is needed, then watches until the stream ends; gives the pause before the next round. */
async function round(rest: Rest, query: ListQuery, { mirror, find, signal }: Follow): Promise<number> {
  const resource = await find(query, signal)
  if (mirror.resourceVersion === undefined) await relist(rest, query, { mirror, resource, signal })
  if (!resource || mirror.resourceVersion === undefined) return UNSERVED_MS
  await stream(rest, query, { mirror, resource, resourceVersion: mirror.resourceVersion, signal })
  return PAUSE_MS
}

const isPassing = (error: unknown): boolean => hasCode(error, 'KubeUnreachable')

interface Relist {
  readonly mirror: Mirror
  readonly resource: Resource | undefined
  readonly signal: AbortSignal
}

async function relist(rest: Rest, query: ListQuery, { mirror, resource, signal }: Relist): Promise<void> {
  const listing = resource && (await listAll(rest, query, { resource, signal }))
  mirror.objects.clear()
  for (const object of listing?.items ?? []) mirror.objects.set(keyOf(object), object)
  mirror.resourceVersion = listing?.resourceVersion
  mirror.failures = 0
  changed(mirror)
}

async function stream(
  rest: Rest,
  query: ListQuery,
  options: { mirror: Mirror; resource: Resource; resourceVersion: string; signal: AbortSignal },
): Promise<void> {
  const { mirror } = options
  for await (const event of watchOnce(rest, query, options)) {
    if (event.type === 'EXPIRED') {
      mirror.resourceVersion = undefined
      return
    }
    mirror.failures = 0
    mirror.resourceVersion = event.object.metadata.resourceVersion
    if (event.type === 'BOOKMARK') continue
    if (event.type === 'DELETED') mirror.objects.delete(keyOf(event.object))
    else mirror.objects.set(keyOf(event.object), event.object)
    changed(mirror)
  }
}

function changed(mirror: Mirror): void {
  mirror.dirty = true
  mirror.wake()
}

async function pause(ms: number, signal: AbortSignal): Promise<void> {
  await sleep(ms, undefined, { signal }).catch(() => undefined)
}
