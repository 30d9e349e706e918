import { afterEach, beforeEach, describe, expect, it, vi } from 'vitest'
import { followDelays } from '../../src/adapters/delays.ts'
import { PreflightError } from '../../src/errors.ts'

const told: string[] = []
const translate = (error: unknown) => new PreflightError(String(error), `it is ${error}`, { hint: 'wait' })

beforeEach(() => void vi.useFakeTimers())
afterEach(() => {
  vi.useRealTimers()
  told.length = 0
})

const follow = () => {
  const start = followDelays((message) => told.push(message))
  return (error: string) => {
    const call = start(translate)
    call.failed(error)
    return call
  }
}

describe('a call that is tried again', () => {
  it('is told with its newest failure once it has taken its time', () => {
    const call = follow()('slow')
    call.failed('Throttled')
    expect(told).toEqual([])
    vi.advanceTimersByTime(2_000)
    expect(told).toEqual(['it is Throttled; still trying'])
    call.end()
  })

  it('is not worth a word when it is over before', () => {
    follow()('slow').end()
    vi.advanceTimersByTime(60_000)
    expect(told).toEqual([])
  })

  it('says what many meet at once but once, each other thing for itself, and the same again after a while', () => {
    const failing = follow()
    for (const error of ['slow', 'slow', 'away']) failing(error)
    vi.advanceTimersByTime(2_000)
    expect(told).toEqual(['it is slow; still trying', 'it is away; still trying'])
    vi.advanceTimersByTime(30_000)
    failing('slow')
    vi.advanceTimersByTime(2_000)
    expect(told).toHaveLength(3)
  })
})
