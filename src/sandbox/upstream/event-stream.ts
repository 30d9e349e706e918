import { crc32 } from 'node:zlib'

/** Header of type string. Source: AWS SDK, "Event Stream Encoding": name length, name, type 7, value length, value. */
function header(name: string, value: string): Buffer {
  const [key, text] = [Buffer.from(name), Buffer.from(value)]
  const size = Buffer.alloc(2)
  size.writeUInt16BE(text.length)
  return Buffer.concat([Buffer.from([key.length]), key, Buffer.from([7]), size, text])
}

/**
 * One message of `application/vnd.amazon.eventstream`: total length, length of headers, checksum of both, headers,
 * payload, checksum of all, in network order. Source: AWS SDK, "Event Stream Encoding".
 */
export function eventMessage(type: string, payload: object, kind: 'event' | 'exception' = 'event'): Buffer {
  const headers = Buffer.concat([
    header(kind === 'event' ? ':event-type' : ':exception-type', type),
    header(':content-type', 'application/json'),
    header(':message-type', kind),
  ])
  const body = Buffer.from(JSON.stringify(payload))
  const total = 16 + headers.length + body.length
  const prelude = Buffer.alloc(8)
  prelude.writeUInt32BE(total, 0)
  prelude.writeUInt32BE(headers.length, 4)
  const start = Buffer.concat([prelude, checksum(prelude), headers, body])
  return Buffer.concat([start, checksum(start)])
}

function checksum(bytes: Buffer): Buffer {
  const sum = Buffer.alloc(4)
  sum.writeUInt32BE(crc32(bytes))
  return sum
}
