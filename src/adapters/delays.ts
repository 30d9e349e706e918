import type { LlmgwError } from '../errors.ts'

/** Told in one sentence why a call takes its time, while it is still being tried. */
export type TellDelay = (message: string) => void

/** The attempts of one call. */
interface Attempts {
  /** Another one failed; it will be tried again, or not. */
  failed(error: unknown): void
  /** The call is over, either way. */
  end(): void
}

/** Follows one call, whose failures `translate` puts into our words. */
export type FollowCall = (translate: (error: unknown) => unknown) => Attempts

/** What is over by then is nobody's concern; what is not, is named well before somebody wonders. */
const PATIENCE_MS = 2_000
/** Many calls meet the same trouble at once: it is said once. */
const SILENCE_MS = 30_000

/**
 * Retries go on for up to half a minute before they give up; this says what they meet meanwhile.
 * @param patienceMs how long after its first failure a call is reported, if it is still under way
 */
export function followDelays(tell: TellDelay, patienceMs = PATIENCE_MS): FollowCall {
  const told = new Map<string, number>()
  const say = ({ code, message }: LlmgwError): void => {
    const before = told.get(code)
    if (before !== undefined && Date.now() - before < SILENCE_MS) return
    told.set(code, Date.now())
    tell(`${message}; still trying`)
  }
  return (translate) => {
    let newest: unknown
    let timer: NodeJS.Timeout | undefined
    return {
      failed(error) {
        newest = error
        timer ??= setTimeout(() => say(translate(newest) as LlmgwError), patienceMs)
      },
      end: () => clearTimeout(timer),
    }
  }
}
