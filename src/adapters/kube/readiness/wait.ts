import { StepError } from '../../../errors.ts'
import { newestFirst, sentence } from '../../../ports/events.ts'
import type { Kube, KubeObject, ListQuery, ObjectRef } from '../../../ports/kube.ts'
import type { Health } from '../../../ports/readiness.ts'
import type { Clock } from '../../../ports/world.ts'
import { describeRef } from '../errors.ts'
import { asError, judge, keyOf, withLogs } from './judge.ts'
import { findIn, look } from './look.ts'
import { progressing, type Scene, Unseen, type Verdict } from './reader.ts'
import { openSnapshots, type Snapshots } from './snapshots.ts'

export interface WaitOptions {
  readonly timeoutMs: number
  readonly signal: AbortSignal
  readonly report: (line: string) => void
  readonly graceMs?: number
}

interface World {
  readonly kube: Kube
  readonly clock: Clock
}

interface Judged {
  readonly ref: ObjectRef
  readonly verdict: Verdict
}

/** Graces end without any change in the cluster. */
const TICK_MS = 500

/** Watches of different kinds are not in step: for a moment the pods of the last revision look like those of this one. */
const SETTLE_MS = 1_500

/** Until a look finds all of them ready at once. @throws StepError, see the port */
export async function wait(world: World, refs: readonly ObjectRef[], options: WaitOptions): Promise<void> {
  const deadline = world.clock.now() + options.timeoutMs
  const report = onlyNews(options.report)
  for (let isFirst = true; ; isFirst = false) {
    const healths = await look(world, refs, options.signal)
    const pending = healths.filter(({ health }) => health !== 'ready').map(({ ref }) => ref)
    if (pending.length === 0) return
    if (!isFirst && world.clock.now() >= deadline) throw notReady(healths.flatMap(lacking), [], options.timeoutMs)
    // What was ready may roll meanwhile: operators change one thing after the other. So all are looked at again.
    await watchUntilReady(world, pending, { ...options, report, deadline })
  }
}

interface Watching extends Pick<WaitOptions, 'timeoutMs' | 'signal' | 'graceMs'> {
  readonly report: ReturnType<typeof onlyNews>
  /** By the clock, in ms. */
  readonly deadline: number
}

async function watchUntilReady(world: World, pending: readonly ObjectRef[], options: Watching): Promise<void> {
  const { report, deadline } = options
  const snapshots = openSnapshots(world.kube)
  const queries = watchQueries(pending)
  for (const query of queries.values()) snapshots.open(query)
  const sight: Sight = {
    snapshots,
    queries,
    scene: rememberingScene(snapshots, world.clock),
    clock: world.clock,
    failingSince: new Map(),
    graceMs: Math.max(SETTLE_MS, options.graceMs ?? 0),
  }
  try {
    for (;;) {
      options.signal.throwIfAborted()
      const judged = pending.map((ref) => ({ ref, verdict: judgeNow(ref, sight) }))
      if (judged.every(({ verdict }) => verdict.health === 'ready')) return
      await failIfAny(world.kube, judged, options.signal)
      for (const { ref, verdict } of judged) report(ref, verdict)
      if (world.clock.now() >= deadline) {
        const waiting = judged.map(({ ref, verdict }) => ({ ref, ...verdict }))
        throw notReady(waiting.flatMap(lacking), snapshots.ofKind('Event'), options.timeoutMs)
      }
      await nextChange(world.clock, snapshots, { signal: options.signal, deadline })
    }
  } finally {
    await snapshots.close()
  }
}

/** One watch for a lone object, one for all of a kind in a namespace; CRDs are too big for that. */
function watchQueries(refs: readonly ObjectRef[]): Map<ObjectRef, ListQuery> {
  const queries = new Map<ObjectRef, ListQuery>()
  for (const ref of refs) {
    const { apiVersion, kind, namespace, name } = ref
    const alike = refs.filter((other) => other.kind === kind && other.namespace === namespace)
    const alone = alike.length === 1 || kind === 'CustomResourceDefinition'
    queries.set(ref, { apiVersion, kind, namespace, ...(alone ? { fieldSelector: `metadata.name=${name}` } : {}) })
  }
  return queries
}

interface Sight {
  readonly snapshots: Snapshots
  readonly scene: Scene
  readonly queries: ReadonlyMap<ObjectRef, ListQuery>
  readonly clock: Clock
  /** Since when each that fails does so without a break. */
  readonly failingSince: Map<ObjectRef, number>
  readonly graceMs: number
}

function judgeNow(ref: ObjectRef, { snapshots, scene, queries, clock, failingSince, graceMs }: Sight): Verdict {
  const query = queries.get(ref)
  const found = query && snapshots.of(query)
  if (!found) return progressing('looking closer')
  const object = findIn(found, ref)
  if (!object) return progressing('is not there yet')
  const { verdict, needs } = judge(object, scene)
  for (const need of needs) snapshots.open(need)
  if (verdict.health !== 'failed') {
    failingSince.delete(ref)
    return verdict
  }
  const since = failingSince.get(ref) ?? clock.now()
  failingSince.set(ref, since)
  return clock.now() - since < graceMs ? progressing(verdict.cause.message) : verdict
}

async function failIfAny(kube: Kube, judged: readonly Judged[], signal: AbortSignal): Promise<void> {
  for (const { verdict } of judged) {
    if (verdict.health === 'failed') throw asError(await withLogs(kube, verdict, signal))
  }
}

function rememberingScene(snapshots: Snapshots, clock: Clock): Scene {
  const firstSeen = new Map<string, number>()
  const since = (key: string): number => {
    const first = firstSeen.get(key) ?? clock.now()
    firstSeen.set(key, first)
    return clock.now() - first
  }
  return {
    of(query) {
      const found = snapshots.of(query)
      if (!found) throw new Unseen(keyOf(query))
      return found
    },
    age: since,
  }
}

/** Tells each object's state when it has changed. */
function onlyNews(report: (line: string) => void): (ref: ObjectRef, verdict: Verdict) => void {
  const last = new Map<ObjectRef, string>()
  return (ref, verdict) => {
    const state = verdict.health === 'progressing' ? verdict.waitingFor : 'ready'
    const known = last.get(ref)
    last.set(ref, state)
    if (state === known || state === 'looking closer' || (state === 'ready' && known === undefined)) return
    report(`${ref.name} ${state}`)
  }
}

async function nextChange(
  clock: Clock,
  snapshots: Snapshots,
  { signal, deadline }: { readonly signal: AbortSignal; readonly deadline: number },
): Promise<void> {
  const turn = new AbortController()
  const end = (): void => turn.abort()
  signal.addEventListener('abort', end, { once: true })
  if (signal.aborted) end()
  const tick = clock
    .sleep(Math.max(0, Math.min(TICK_MS, deadline - clock.now())), turn.signal)
    .then(end, () => undefined)
  try {
    await snapshots.changed(turn.signal)
  } finally {
    end()
    signal.removeEventListener('abort', end)
    await tick
  }
}

function lacking(one: Health): readonly string[] {
  const what = describeRef(one.ref)
  switch (one.health) {
    case 'ready':
      return []
    case 'absent':
      return [`${what} (is not there yet)`]
    case 'progressing':
      return [`${what} (${one.waitingFor})`]
    case 'failed':
      return [`${what} (${one.cause.message})`]
  }
}

function notReady(missing: readonly string[], events: readonly KubeObject[], timeoutMs: number): StepError {
  const warning = newestFirst(events).find((event) => event.warning)
  return new StepError('NotReady', `not ready after ${Math.round(timeoutMs / 1000)} s: ${missing.join(', ')}`, {
    cause: warning === undefined ? undefined : sentence(warning),
    hint: 'see what it waits for with: llmgw status; give it longer with --timeout',
  })
}
