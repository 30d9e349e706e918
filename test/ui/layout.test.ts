import { describe, expect, it } from 'vitest'
import { clipped, duration } from '../../src/ui/layout.ts'

describe('layout', () => {
  it.each([
    [0, '0.0 s'],
    [812, '0.8 s'],
    [9_940, '9.9 s'],
    [9_960, '10 s'],
    [59_400, '59 s'],
    [59_600, '1 min 0 s'],
    [185_000, '3 min 5 s'],
  ])('%i ms is %s', (ms, expected) => {
    expect(duration(ms)).toBe(expected)
  })

  it('clips to one line', () => {
    expect(clipped('one\ntwo  three', 20)).toBe('one two three')
    expect(clipped('one two three four', 10)).toBe('one two t…')
  })
})
