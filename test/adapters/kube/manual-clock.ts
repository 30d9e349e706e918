import type { Clock } from '../../../src/ports/world.ts'

export interface ManualClock extends Clock {
  /** Moves time on; what sleeps until then wakes in order, and gets to do its work. */
  advance(ms: number): Promise<void>
}

/** Everything that is ready to run has run, in-memory watches included. */
async function settle(): Promise<void> {
  for (let turn = 0; turn < 20; turn += 1) await new Promise((resolve) => setImmediate(resolve))
}

/** A clock that stands still until it is moved. */
export function manualClock(): ManualClock {
  let now = Date.parse('2026-01-01T00:00:00Z')
  const sleepers = new Set<{ readonly at: number; readonly wake: () => void }>()
  return {
    now: () => now,
    sleep: (ms, signal) =>
      new Promise((resolve, reject) => {
        const drop = (): void => {
          sleepers.delete(sleeper)
          reject(signal?.reason)
        }
        const wake = (): void => {
          sleepers.delete(sleeper)
          signal?.removeEventListener('abort', drop)
          resolve()
        }
        const sleeper = { at: now + ms, wake }
        if (signal?.aborted) return reject(signal.reason)
        signal?.addEventListener('abort', drop)
        sleepers.add(sleeper)
      }),
    async advance(ms) {
      const until = now + ms
      await settle()
      for (;;) {
        const next = [...sleepers].filter(({ at }) => at <= until).sort((one, other) => one.at - other.at)[0]
        if (!next) break
        now = Math.max(now, next.at)
        next.wake()
        await settle()
      }
      now = until
    },
  }
}
