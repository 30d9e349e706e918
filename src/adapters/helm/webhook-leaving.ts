import { StepError } from '../../errors.ts'
import type { Helm } from '../../ports/helm.ts'
import type { Clock } from '../../ports/world.ts'

/** A webhook is replaced in seconds. */
const TRIES = 3
const PAUSE_MS = 3_000

/**
 * Refused in the last moment of a webhook that is being replaced: asked again, its successor answers.
 * Source: open-policy-agent/gatekeeper, pkg/webhook, "serving context canceled".
 */
const isLeaving = (error: unknown): boolean =>
  error instanceof StepError && error.code === 'HelmWebhook' && /serving context canceled/.test(String(error.cause))

/** Runs helm, and some times again where a webhook that was being replaced refused it. */
export async function untilWebhookAnswers(
  clock: Clock,
  { signal, report }: Pick<Parameters<Helm['upgrade']>[1], 'signal' | 'report'>,
  run: () => Promise<void>,
): Promise<void> {
  for (let tries = 1; ; tries += 1) {
    try {
      return await run()
    } catch (error) {
      if (tries === TRIES || !isLeaving(error)) throw error
      report('an admission webhook was being replaced just then: once more')
      await clock.sleep(PAUSE_MS, signal)
    }
  }
}
