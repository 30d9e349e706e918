import type { WholeSecrets } from '../../../ports/index.ts'

type Reads = Pick<WholeSecrets, 'describe' | 'value'>

export interface JoinedReads extends Reads {
  /** What is asked from now on is asked anew. */
  forget(secret: string): void
}

/** Reads of one secret that are asked while another is under way share its answer: all keys are looked at side by side. */
export function joinedReads(inner: WholeSecrets): JoinedReads {
  const describes = joining((secret, signal) => inner.describe(secret, signal))
  const values = joining((secret, signal) => inner.value(secret, signal))
  return {
    describe: describes.ask,
    value: values.ask,
    forget(secret) {
      describes.forget(secret)
      values.forget(secret)
    },
  }
}

function joining<T>(read: (secret: string, signal: AbortSignal | undefined) => Promise<T>) {
  interface Open {
    readonly secret: string
    readonly signal: AbortSignal | undefined
    readonly answer: Promise<T>
  }
  const open = new Set<Open>()
  return {
    ask(secret: string, signal?: AbortSignal): Promise<T> {
      // Who can be stopped by itself asks by itself.
      const found = [...open].find((one) => one.secret === secret && one.signal === signal)
      if (found !== undefined) return found.answer
      const asked: Open = { secret, signal, answer: read(secret, signal) }
      open.add(asked)
      const end = () => void open.delete(asked)
      asked.answer.then(end, end)
      return asked.answer
    },
    forget(secret: string): void {
      for (const one of [...open].filter((asked) => asked.secret === secret)) open.delete(one)
    },
  }
}
