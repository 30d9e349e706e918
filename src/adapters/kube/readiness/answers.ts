import type { Clock } from '../../../ports/world.ts'
import { hasCode } from '../errors.ts'
import type { WaitOptions } from './wait.ts'

/** Between two probes. A webhook whose pod is ready answers within seconds. */
const PAUSE_MS = 500

/** Repeats `probe` while it fails with `WebhookUnavailable`. @throws any other error at once, that one at the deadline */
export async function answers(
  clock: Clock,
  probe: (signal: AbortSignal) => Promise<unknown>,
  { timeoutMs, signal, report }: WaitOptions,
): Promise<void> {
  const deadline = clock.now() + timeoutMs
  for (let tries = 1; ; tries += 1) {
    try {
      await probe(signal)
      return
    } catch (error) {
      signal.throwIfAborted()
      if (!hasCode(error, 'WebhookUnavailable') || clock.now() >= deadline) throw error
      if (tries === 1) report('waiting for its admission webhook to answer')
    }
    await clock.sleep(Math.min(PAUSE_MS, Math.max(0, deadline - clock.now())), signal)
  }
}
