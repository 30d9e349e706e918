import { redact } from '../secret.ts'
import { harmless } from '../ui/harmless.ts'
import type { Output } from './host.ts'

/** The same stream, with every registered secret value masked in what is written to it, and nothing in it that does more to a terminal than draw. */
export function redacted<Stream extends Output>(stream: Stream): Stream {
  return new Proxy(stream, {
    get(target, property) {
      // The stream is the receiver: its getters and methods work on its own fields.
      const value: unknown = Reflect.get(target, property, target)
      if (typeof value !== 'function') return value
      // A prompt ends what it wrote to, but for process.stdout, which it no longer recognises.
      if (property === 'end') return () => target
      if (property !== 'write') return value.bind(target)
      return (chunk: unknown, ...rest: unknown[]): unknown =>
        Reflect.apply(value, target, [typeof chunk === 'string' ? harmless(redact(chunk), 'drawing') : chunk, ...rest])
    },
  })
}
