import { randomBytes } from 'node:crypto'
import { hostname, userInfo } from 'node:os'
import { acquireLock } from '../adapters/lock/acquire-lock.ts'
import { ownRunId, runState } from '../adapters/run-id.ts'
import type { Clock, Kube } from '../ports/index.ts'
import type { HeldLock, LockRequest } from './world.ts'

export { breakLock, findLock } from '../adapters/lock/inspect-lock.ts'

/** The lock that keeps two runs on one deployment apart. @throws LockedError when another run holds it */
export async function lockPlatform(kube: Kube, clock: Clock, request: LockRequest): Promise<HeldLock> {
  const holder = `${userName()}@${hostname()} pid ${process.pid} ${randomBytes(3).toString('hex')}`
  const isGone = async (run: string): Promise<boolean> => (await runState(run)) === 'dead'
  return await acquireLock({ kube, clock, holder, run: await ownRunId(), isGone, ...request })
}

/** A container may run as a user that has no name. */
function userName(): string {
  try {
    return userInfo().username
  } catch {
    return 'unknown'
  }
}
