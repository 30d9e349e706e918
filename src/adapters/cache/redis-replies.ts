import type { Duplex } from 'node:stream'

/** An answer of Redis: text, nothing, or several of them. */
type Reply = string | null | readonly Reply[]

/** Redis said no. Only the first word is kept: what follows may repeat the command, with a password in it. */
export class RefusedByRedis extends Error {
  constructor(text: string) {
    super(/^[A-Z]+/.exec(text)?.[0] ?? 'an error')
  }
}

/** One command, and what Redis answers. @throws RefusedByRedis, and Error where the connection ends */
export type Ask = (...command: readonly string[]) => Promise<Reply>

/** Commands to Redis over a connection, one after the other. Source: Redis documentation, serialization protocol (version 2). */
export function redisOver(stream: Duplex): Ask {
  const chunks = stream[Symbol.asyncIterator]() as AsyncIterator<Buffer>
  let held = Buffer.alloc(0)
  const next = async (): Promise<Reply | RefusedByRedis> => {
    for (;;) {
      const read = readReply(held, 0)
      if (read !== undefined) {
        held = held.subarray(read.end)
        return read.reply
      }
      const { value, done } = await chunks.next()
      if (done) throw new Error('the connection ended before Redis answered')
      held = Buffer.concat([held, value])
    }
  }
  return async (...command) => {
    const parts = command.map((part) => `$${Buffer.byteLength(part)}\r\n${part}\r\n`)
    stream.write(`*${command.length}\r\n${parts.join('')}`)
    const reply = await next()
    if (reply instanceof RefusedByRedis) throw reply
    return reply
  }
}

interface Read {
  readonly reply: Reply | RefusedByRedis
  readonly end: number
}

/** Undefined while it has not come whole. */
function readReply(held: Buffer, start: number): Read | undefined {
  const lineEnd = held.indexOf('\r\n', start)
  if (lineEnd < 0) return undefined
  const [kind, text] = [held.toString('utf8', start, start + 1), held.toString('utf8', start + 1, lineEnd)]
  const after = lineEnd + 2
  if (kind === '+' || kind === ':') return { reply: text, end: after }
  if (kind === '-') return { reply: new RefusedByRedis(text), end: after }
  if (kind !== '$' && kind !== '*') throw new Error('what answers is not Redis')
  const count = Number(text)
  if (count < 0) return { reply: null, end: after }
  if (kind === '*') return readReplies(held, after, count)
  const end = after + count
  return held.length < end + 2 ? undefined : { reply: held.toString('utf8', after, end), end: end + 2 }
}

function readReplies(held: Buffer, start: number, count: number): Read | undefined {
  const replies: Reply[] = []
  let end = start
  for (let index = 0; index < count; index += 1) {
    const read = readReply(held, end)
    if (read === undefined || read.reply instanceof RefusedByRedis) return read
    replies.push(read.reply)
    end = read.end
  }
  return { reply: replies, end }
}
