import type { Kube, KubeObject, ListQuery } from '../../../ports/kube.ts'
import { keyOf } from './judge.ts'

/** Watches opened one by one as they are needed, and what each shows now. */
export interface Snapshots {
  /** Opens a watch unless it is open. */
  open(query: ListQuery): void
  /** Undefined until the first snapshot has come. */
  of(query: ListQuery): readonly KubeObject[] | undefined
  /** All snapshots of a kind. */
  ofKind(kind: string): readonly KubeObject[]
  /** Resolves at the next change, or when `signal` aborts. @throws what ended a watch */
  changed(signal: AbortSignal): Promise<void>
  close(): Promise<void>
}

export function openSnapshots(kube: Kube): Snapshots {
  const stop = new AbortController()
  const watches = new Map<string, { query: ListQuery; now: readonly KubeObject[] | undefined; end: Promise<void> }>()
  let dirty = false
  let failure: unknown
  let wake = (): void => undefined
  const tell = (): void => {
    dirty = true
    wake()
  }

  const follow = async (key: string, query: ListQuery): Promise<void> => {
    try {
      for await (const found of kube.watch(query, stop.signal)) {
        const watch = watches.get(key)
        if (watch) watch.now = found
        tell()
      }
    } catch (error) {
      failure ??= error
      tell()
    }
  }

  return {
    open(query) {
      const key = keyOf(query)
      if (watches.has(key)) return
      watches.set(key, { query, now: undefined, end: Promise.resolve() })
      const end = follow(key, query)
      const watch = watches.get(key)
      if (watch) watch.end = end
    },
    of: (query) => watches.get(keyOf(query))?.now,
    ofKind: (kind) => [...watches.values()].flatMap(({ query, now }) => (query.kind === kind ? (now ?? []) : [])),
    async changed(signal) {
      if (!dirty && !signal.aborted) {
        await new Promise<void>((resolve) => {
          wake = resolve
          signal.addEventListener('abort', () => resolve(), { once: true })
        })
      }
      dirty = false
      if (failure !== undefined) throw failure
    },
    async close() {
      stop.abort()
      await Promise.all([...watches.values()].map(({ end }) => end))
    },
  }
}
