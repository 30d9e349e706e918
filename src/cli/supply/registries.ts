import pLimit from 'p-limit'
import { causeOf } from '../../engine/cause.ts'

/** Registries limit how often strangers ask. */
const AT_ONCE = 4

/** What came of asking a registry for an image: it is there, it is not, or nobody could look. */
export type Shown<Told> =
  | { readonly state: 'there'; readonly told: Told }
  | { readonly state: 'absent'; readonly why: string }
  | { readonly state: 'unknown'; readonly why: string }

/** Asks registries, few at a time. The function that it gives throws only when `signal` was aborted. */
export function askingRegistries(signal: AbortSignal): <Told>(ask: () => Promise<Told>) => Promise<Shown<Told>> {
  const limit = pLimit(AT_ONCE)
  return async (ask) => {
    try {
      return { state: 'there', told: await limit(ask) }
    } catch (error) {
      signal.throwIfAborted()
      const { code, message, evidence = [] } = causeOf(error)
      return { state: code === 'ImageMissing' ? 'absent' : 'unknown', why: [message, ...evidence].join(': ') }
    }
  }
}
