import { AsyncLocalStorage } from 'node:async_hooks'
import { orAborted } from './or-aborted.ts'

interface UnderWay {
  readonly answer: Promise<unknown>
  /** Of who asked; when it is aborted, the others have to ask themselves. */
  readonly signal: AbortSignal | undefined
}

/** By who is asked, and for what. */
const looking = new AsyncLocalStorage<Map<object, Map<string, UnderWay>>>()

/**
 * Within `work`, who reads what somebody else is just reading gets the same answer: steps and checks look at the same
 * objects at the same time. Only for work that writes nothing, since an answer may be older than the question.
 */
export const shareReads = <T>(work: () => Promise<T>): Promise<T> => looking.run(new Map(), work)

/** The answer of `server` to `read`, asked for once by all who ask within {@link shareReads} until it is there. */
export async function readShared<T>(
  server: object,
  asked: { readonly key: string; readonly signal: AbortSignal | undefined },
  read: () => Promise<T>,
): Promise<T> {
  const all = looking.getStore()
  if (all === undefined) return await read()
  const { key, signal } = asked
  const underWay = all.get(server) ?? new Map<string, UnderWay>()
  all.set(server, underWay)
  const other = underWay.get(key)
  if (other !== undefined) {
    try {
      return (await orAborted(other.answer, signal)) as T
    } catch (error) {
      signal?.throwIfAborted()
      if (!other.signal?.aborted) throw error
    }
  }
  const mine: UnderWay = { answer: read(), signal }
  underWay.set(key, mine)
  try {
    return (await mine.answer) as T
  } finally {
    if (underWay.get(key) === mine) underWay.delete(key)
  }
}
