/** Time as the engine sees it; `Clock` of the ports has this shape. */
export interface EngineClock {
  /** Milliseconds since the epoch. */
  now(): number
  /** Resolves after `ms`, rejects when `signal` aborts. */
  sleep(ms: number, signal?: AbortSignal): Promise<void>
}

export interface Bounds {
  readonly clock: EngineClock
  readonly timeoutMs: number
  /** Any of them aborts the call. */
  readonly signals: readonly AbortSignal[]
  /** What is bounded, for the message of the deadline, e.g. `check of step "redis"`. */
  readonly what: string
}

/** How long a call may go on after its signal was aborted before it is given up as deaf. */
const GRACE_MS = 5_000

/** A call was aborted by the run's signals, not by its own failure. */
export class CancelledError extends Error {
  readonly code = 'Cancelled'

  constructor(what: string) {
    super(`${what} was cancelled`)
    this.name = 'CancelledError'
  }
}

/** A call did not end within its deadline. */
class DeadlineError extends Error {
  readonly code = 'DeadlineExceeded'
  readonly hint = 'raise --timeout, or see what it waited for with --debug'

  constructor(what: string, timeoutMs: number) {
    super(`${what} did not end within ${timeoutMs / 1000} s`)
    this.name = 'DeadlineError'
  }
}

/**
 * Runs `call` with a signal that aborts on cancellation and on the deadline, and waits for its real end.
 * A call that ends well although it was aborted has ended well.
 * @throws CancelledError, DeadlineError, or what the call throws by itself
 */
export async function bounded<T>(call: (signal: AbortSignal) => Promise<T>, bounds: Bounds): Promise<T> {
  const own = new AbortController()
  const over = new AbortController()
  // One signal of its own per call: a run's signal has more calls behind it than Node lets listen without a warning.
  const cancelled = AbortSignal.any([...bounds.signals])
  const cancel = (): void => own.abort(new CancelledError(bounds.what))
  cancelled.addEventListener('abort', cancel, { once: true })
  if (cancelled.aborted) cancel()
  startDeadline(own, over.signal, bounds)
  try {
    own.signal.throwIfAborted()
    return await Promise.race([start(call, own.signal), deaf(own.signal, over.signal, bounds.clock)])
  } catch (error) {
    throw own.signal.aborted ? own.signal.reason : error
  } finally {
    over.abort()
    cancelled.removeEventListener('abort', cancel)
  }
}

/** A call that throws at once is a call that rejects. */
async function start<T>(call: (signal: AbortSignal) => Promise<T>, signal: AbortSignal): Promise<T> {
  return await call(signal)
}

function startDeadline(own: AbortController, over: AbortSignal, { clock, timeoutMs, what }: Bounds): void {
  clock.sleep(timeoutMs, over).then(
    () => own.abort(new DeadlineError(what, timeoutMs)),
    // Rejected = the call ended first.
    () => undefined,
  )
}

/** Rejects when the call ignores its aborted signal for longer than the grace. */
function deaf(aborted: AbortSignal, over: AbortSignal, clock: EngineClock): Promise<never> {
  return new Promise((_resolve, reject) => {
    const giveUp = (): void => {
      clock.sleep(GRACE_MS, over).then(
        () => reject(aborted.reason),
        () => undefined,
      )
    }
    aborted.addEventListener('abort', giveUp, { once: true })
  })
}
