import { describe, expect, it } from 'vitest'
import { bytesOf } from '../../src/ports/quantity.ts'
import { durationMs } from '../../steps/names.ts'

describe('units', () => {
  it.each([
    ['512Mi', 512 * 2 ** 20],
    ['1.5Gi', 1.5 * 2 ** 30],
    ['2G', 2e9],
    ['100', 100],
  ])('%s is %d bytes', (text, bytes) => expect(bytesOf(text)).toBe(bytes))

  it('refuses what is no quantity', () => {
    expect(() => bytesOf('512MB')).toThrow('no Kubernetes quantity')
  })

  it.each([
    ['30s', 30_000],
    ['5m', 300_000],
    ['2h', 7_200_000],
  ])('%s is %d ms', (text, ms) => expect(durationMs(text)).toBe(ms))
})
