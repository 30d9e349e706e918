import { LockedError } from '../../errors.ts'
import type { Kube, KubeObject } from '../../ports/kube.ts'
import type { Clock } from '../../ports/world.ts'
import { hasCode } from '../kube/errors.ts'
import { startHeartbeat } from './heartbeat.ts'
import {
  clearLease,
  createLease,
  durationMs,
  type Holder,
  type Holding,
  holdingOf,
  leaseRef,
  takeLease,
} from './lease.ts'

export interface LockOptions {
  readonly kube: Kube
  readonly clock: Clock
  /** The lock is per deployment. */
  readonly deployment: string
  /** Unique for this run: `user@host pid 123 <random>`. */
  readonly holder: string
  /** Shown to whoever finds it locked, e.g. `llmgw deploy all`; never an argument that could be secret. */
  readonly command: string
  /** This process, as `run-id.ts` names it. */
  readonly run: string
  /** Whether a process so named was one of this host and has ended; of others nothing can be told. */
  readonly isGone: (run: string) => Promise<boolean>
  readonly signal: AbortSignal
  /** Told when somebody holds it and it takes a lease to see whether they live. */
  readonly report?: (line: string) => void
}

export interface Lock {
  /** Before each write. @throws StepError `LockLost` */
  assertHeld(): void
  /** Aborts, with `LockLost` as reason, before anybody else may take over. */
  readonly lost: AbortSignal
  /** Gives it back if it is still ours; never throws, may be called twice. */
  release(): Promise<void>
}

/**
 * The lock of a deployment, renewed until released. @throws LockedError when somebody alive holds it.
 * Whether they live is judged by their process where that was on this host, else by renewals seen from here, never by
 * comparing clocks.
 */
export async function acquireLock(options: LockOptions): Promise<Lock> {
  const { kube, clock, deployment, holder, command, run } = options
  const us: Holder = { deployment, holder, command, run }
  for (;;) {
    options.signal.throwIfAborted()
    const taken = await tryOnce(options, us)
    if (!taken) continue
    const heartbeat = startHeartbeat({ kube, clock }, us, taken)
    return {
      lost: heartbeat.lost,
      assertHeld: heartbeat.assertHeld,
      async release() {
        await heartbeat.stop()
        // Somebody else's by now, or out of reach.
        if (heartbeat.lost.aborted) return
        // Whatever stands in the way: the lease expires by itself, and the run's own result matters more.
        await clearLease(kube, us).catch(() => undefined)
      },
    }
  }
}

/** The lease with us as holder, and when the write that made it so was sent: from there our own expiry counts. */
interface Taken {
  readonly object: KubeObject
  readonly sentAt: number
}

/** Undefined when somebody was faster and it has to be looked at again. */
async function tryOnce(options: LockOptions, us: Holder): Promise<Taken | undefined> {
  const { kube, clock, signal } = options
  const lease = await kube.find(leaseRef(us.deployment), signal)
  try {
    if (!lease) {
      const sentAt = clock.now()
      return { object: await createLease(kube, us, sentAt, signal), sentAt }
    }
    const held = holdingOf(lease)
    if (held && (await isAlive(options, lease, held))) throw locked(us.deployment, held)
    // Watching a dead holder takes a whole lease: only now does ours begin.
    const sentAt = clock.now()
    return { object: await takeLease(kube, us, { lease, now: sentAt, signal }), sentAt }
  } catch (error) {
    if (hasCode(error, 'AlreadyExists', 'Conflict', 'NotFound')) return undefined
    throw error
  }
}

/**
 * A process that is gone from this host is dead. Of all others one whole lease is watched: a renewal is life, silence is
 * death, a change of hands or a release is looked at anew.
 */
async function isAlive(
  { kube, clock, signal, report, isGone }: LockOptions,
  lease: KubeObject,
  held: Holding,
): Promise<boolean> {
  if (held.run !== undefined && (await isGone(held.run))) {
    report?.(`the lock is held by ${held.holder}, whose process is gone from this machine: taking over`)
    return false
  }
  const durationOfLease = durationMs(lease)
  report?.(`the lock is held by ${held.holder}: looking for up to ${durationOfLease / 1000} s whether they live`)
  signal.throwIfAborted()
  const turn = new AbortController()
  const end = (): void => turn.abort()
  signal.addEventListener('abort', end, { once: true })
  const silence = clock.sleep(durationOfLease, turn.signal).then(end, () => undefined)
  const { apiVersion, kind, name, namespace } = leaseRef(lease.metadata.name.replace(/^llmgw-/, ''))
  try {
    for await (const found of kube.watch(
      { apiVersion, kind, namespace, fieldSelector: `metadata.name=${name}` },
      turn.signal,
    )) {
      const now = found[0]
      if (!now || holdingOf(now)?.holder !== held.holder) return false
      if (now.metadata.resourceVersion !== lease.metadata.resourceVersion) return true
    }
    signal.throwIfAborted()
    return false
  } finally {
    end()
    signal.removeEventListener('abort', end)
    await silence
  }
}

function locked(deployment: string, { holder, since, command }: Holding): LockedError {
  const what = command === undefined ? '' : ` with "${command}"`
  return new LockedError(
    'Locked',
    `deployment "${deployment}" is locked by ${holder}${what}${since === undefined ? '' : ` since ${since}`}`,
    {
      hint: 'wait for that run to end, then repeat the command; a run that died is taken over within 15 s',
    },
  )
}
