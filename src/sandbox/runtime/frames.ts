/** Channels of a command inside a container; the other side is `sandbox/runtime/guests.py`. An empty frame ends the input. */
export const CHANNEL = { input: 0, output: 1, error: 2, end: 3, size: 4 } as const

export interface Frame {
  readonly channel: number
  readonly payload: Buffer
}

/** One byte for the channel, four for the length, the payload. */
const HEAD_BYTES = 5

export function encodeFrame({ channel, payload }: Frame): Buffer {
  const head = Buffer.alloc(HEAD_BYTES)
  head.writeUInt8(channel)
  head.writeUInt32BE(payload.length, 1)
  return Buffer.concat([head, payload])
}

/** Takes bytes as they come and gives the frames that they complete. */
export function frameDecoder(): (chunk: Buffer) => readonly Frame[] {
  let kept: Buffer = Buffer.alloc(0)
  return (chunk) => {
    kept = Buffer.concat([kept, chunk])
    const frames: Frame[] = []
    while (kept.length >= HEAD_BYTES) {
      const end = HEAD_BYTES + kept.readUInt32BE(1)
      if (kept.length < end) break
      frames.push({ channel: kept.readUInt8(), payload: kept.subarray(HEAD_BYTES, end) })
      kept = kept.subarray(end)
    }
    return frames
  }
}
