import { StepError } from '../../errors.ts'
import type { Kube, KubeObject } from '../../ports/kube.ts'
import type { Clock } from '../../ports/world.ts'
import { hasCode } from '../kube/errors.ts'
import { type Holder, holdingOf, LEASE_SECONDS, leaseRef, renewLease } from './lease.ts'

const RENEW_MS = 5_000
const RETRY_MS = 1_000
/** We stop this long before anybody may take over: helm has to be ended in between. */
const MARGIN_MS = 5_000
const LOSS_MS = LEASE_SECONDS * 1000 - MARGIN_MS

export interface Heartbeat {
  /** Aborts when we can no longer be sure that the lock is ours. */
  readonly lost: AbortSignal
  /** @throws StepError `LockLost` */
  assertHeld(): void
  /** Ends renewing; resolves when nothing is under way any more. */
  stop(): Promise<void>
}

interface World {
  readonly kube: Kube
  readonly clock: Clock
}

/** Renews the lease until stopped. The loss is judged from when the last successful renewal was *sent*. */
export function startHeartbeat(world: World, us: Holder, lease: { object: KubeObject; sentAt: number }): Heartbeat {
  const lost = new AbortController()
  const stopped = new AbortController()
  let version = lease.object.metadata.resourceVersion ?? ''
  let renewedAt = lease.sentAt
  let guard = new AbortController()

  const lose = (why: string): void => {
    if (stopped.signal.aborted || lost.signal.aborted) return
    lost.abort(
      new StepError('LockLost', `the lock of deployment "${us.deployment}" is no longer ours: ${why}`, {
        hint: 'see who works on it, then run the command again: llmgw status',
      }),
    )
    stopped.abort()
  }
  /** Timers, unlike the time of day, do not jump. */
  const arm = async (): Promise<void> => {
    guard.abort()
    guard = new AbortController()
    const { signal } = guard
    await world.clock.sleep(Math.max(0, LOSS_MS - (world.clock.now() - renewedAt)), signal).then(
      () => lose(`it could not be renewed for ${LOSS_MS / 1000} s`),
      () => undefined,
    )
  }
  const beat = async (): Promise<number> => {
    const sentAt = world.clock.now()
    try {
      const renewed = await renewLease(world.kube, us.deployment, {
        resourceVersion: version,
        now: sentAt,
        signal: stopped.signal,
      })
      version = renewed.metadata.resourceVersion ?? version
      renewedAt = sentAt
      void arm()
      return RENEW_MS
    } catch (error) {
      if (stopped.signal.aborted) return RENEW_MS
      if (hasCode(error, 'Conflict', 'NotFound')) version = await recheck()
      return RETRY_MS
    }
  }
  /** Somebody wrote to the lease: an annotation is harmless, another holder is not. */
  const recheck = async (): Promise<string> => {
    try {
      const found = await world.kube.find(leaseRef(us.deployment), stopped.signal)
      const holder = found && holdingOf(found)?.holder
      if (holder !== us.holder)
        lose(holder === undefined ? 'somebody released or removed it' : `${holder} has taken it over`)
      return found?.metadata.resourceVersion ?? version
    } catch {
      return version
    }
  }
  const run = async (): Promise<void> => {
    let pause = RENEW_MS
    while (!stopped.signal.aborted) {
      await world.clock.sleep(pause, stopped.signal).catch(() => undefined)
      if (!stopped.signal.aborted) pause = await beat()
    }
    guard.abort()
  }

  void arm()
  const running = run()
  return {
    lost: lost.signal,
    assertHeld() {
      // A machine that slept has timers that are late: the time of day tells.
      if (world.clock.now() - renewedAt > LOSS_MS) lose(`it could not be renewed for ${LOSS_MS / 1000} s`)
      lost.signal.throwIfAborted()
    },
    async stop() {
      stopped.abort()
      guard.abort()
      await running
    },
  }
}
