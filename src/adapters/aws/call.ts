import { LlmgwError } from '../../errors.ts'
import type { FollowCall } from '../delays.ts'
import { orAborted } from '../or-aborted.ts'
import { isAbort, whileNoting } from './attempts.ts'
import { type AwsCall, type CallOrigin, deadlinePassed, translateAwsError } from './errors.ts'

/** Runs one SDK call under the deadline and the caller's signal; its failures come out translated. */
export type Caller = <T>(
  call: AwsCall,
  signal: AbortSignal | undefined,
  run: (abortSignal: AbortSignal) => Promise<T>,
) => Promise<T>

const DEADLINE_MS = 30_000

interface Conduct {
  readonly deadlineMs?: number | undefined
  readonly follow: FollowCall
}

/** A {@link Caller}; an aborted `signal` rejects with its own reason, untranslated. */
export function createCaller(origin: CallOrigin, { deadlineMs = DEADLINE_MS, follow }: Conduct): Caller {
  return async (call, signal, run) => {
    signal?.throwIfAborted()
    const deadline = AbortSignal.timeout(deadlineMs)
    const either = signal ? AbortSignal.any([signal, deadline]) : deadline
    const attempts = follow((error) => asOurs(error, call, origin))
    let met: unknown
    const noted = (failure: unknown): void => {
      met = failure
      attempts.failed(failure)
    }
    try {
      // The SDK's pauses between attempts and its search for credentials do not look at the signal.
      return await orAborted(
        whileNoting(noted, () => run(either)),
        either,
      )
    } catch (error) {
      signal?.throwIfAborted()
      if (!deadline.aborted || !isAbort(error)) throw asOurs(error, call, origin)
      // The pauses of a throttled call may outlast the deadline: then throttling is the cause, not the network.
      throw met ? asOurs(met, call, origin) : deadlinePassed(call, origin, deadlineMs)
    } finally {
      attempts.end()
    }
  }
}

const asOurs = (error: unknown, call: AwsCall, origin: CallOrigin): LlmgwError =>
  error instanceof LlmgwError ? error : translateAwsError(error, call, origin)

/** `undefined` only when AWS itself said that the object does not exist. */
export async function undefinedIfAbsent<T>(work: Promise<T>): Promise<T | undefined> {
  try {
    return await work
  } catch (error) {
    if (hasCode(error, 'NotFound')) return undefined
    throw error
  }
}

/** False when AWS said that the object does not exist, true when the call went through. */
export async function falseIfAbsent(work: Promise<unknown>): Promise<boolean> {
  try {
    await work
    return true
  } catch (error) {
    if (hasCode(error, 'NotFound')) return false
    throw error
  }
}

export const hasCode = (error: unknown, code: string): boolean => error instanceof LlmgwError && error.code === code

/** Runs `make` at the first call only: SDK packages are loaded when they are needed. */
export function lazy<T>(make: () => Promise<T>): () => Promise<T> {
  let made: Promise<T> | undefined
  return () => {
    made ??= make()
    return made
  }
}

/** All items of a listing that answers page by page. */
export async function allPages<T>(
  fetchPage: (marker: string | undefined) => Promise<{ items: readonly T[]; next: string | undefined }>,
): Promise<readonly T[]> {
  const items: T[] = []
  let marker: string | undefined
  do {
    const page = await fetchPage(marker)
    items.push(...page.items)
    marker = page.next
  } while (marker !== undefined)
  return items
}
