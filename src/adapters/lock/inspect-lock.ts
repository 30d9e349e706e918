import type { Kube } from '../../ports/kube.ts'
import { hasCode } from '../kube/errors.ts'
import { clearLease, durationMs, type Holding, holdingOf, leaseRef } from './lease.ts'

/** Who holds a lock. */
export interface HeldBy extends Omit<Holding, 'run'> {
  /** Machine of the holder, where the holder's name tells it. */
  readonly host: string | undefined
  /** Silence after which another run takes over. */
  readonly expiresAfterMs: number
}

/** Who holds the lock of a deployment; undefined when nobody does. Reads once: whether they live is not judged. */
export async function findLock(kube: Kube, deployment: string, signal?: AbortSignal): Promise<HeldBy | undefined> {
  const lease = await kube.find(leaseRef(deployment), signal)
  const holding = lease && holdingOf(lease)
  if (!lease || !holding) return undefined
  const { run: _run, ...told } = holding
  return { ...told, host: /@(\S+) pid /.exec(holding.holder)?.[1], expiresAfterMs: durationMs(lease) }
}

/** A live holder renews now and then: a write that met such a renewal is tried again. */
const ATTEMPTS = 5

/** Takes the lock away from this holder, who notices at the next renewal and stops. False when somebody else, or nobody, has it. */
export async function breakLock(
  kube: Kube,
  lock: { readonly deployment: string; readonly holder: string },
  signal?: AbortSignal,
): Promise<boolean> {
  for (let attempt = 1; ; attempt += 1) {
    try {
      return await clearLease(kube, lock, signal)
    } catch (error) {
      if (attempt === ATTEMPTS || !hasCode(error, 'Conflict')) throw error
    }
  }
}
