import { expect, test } from 'vitest'
import { encodeFrame, frameDecoder } from '../../../src/sandbox/runtime/frames.ts'

const FRAMES = [
  { channel: 1, payload: Buffer.from('some output') },
  { channel: 0, payload: Buffer.of() },
  { channel: 2, payload: Buffer.alloc(700, 'x') },
]

test('frames come out as they went in, however the bytes are cut', () => {
  const bytes = Buffer.concat(FRAMES.map(encodeFrame))
  for (const size of [1, 4, 5, 6, 300, bytes.length]) {
    const decode = frameDecoder()
    const seen = []
    for (let at = 0; at < bytes.length; at += size) seen.push(...decode(bytes.subarray(at, at + size)))
    expect(seen).toEqual(FRAMES)
  }
})

test('a frame that is not whole is kept back', () => {
  const decode = frameDecoder()
  const bytes = encodeFrame({ channel: 1, payload: Buffer.from('half') })
  expect(decode(bytes.subarray(0, -1))).toEqual([])
  expect(decode(bytes.subarray(-1))).toEqual([{ channel: 1, payload: Buffer.from('half') }])
})
