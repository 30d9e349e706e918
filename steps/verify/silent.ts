import type { CheckResult } from './check.ts'

/** Nobody answers: said by the checks that look at pods and Services, with the cause. */
const SILENT: ReadonlySet<unknown> = new Set([
  'ServiceNotThere',
  'ServiceNotReady',
  'ServiceUnreachable',
  'PodRefused',
  'PodSimulated',
  'GatewayKeyMissing',
])

/** Something else must hold before this check can say anything; that has a check of its own. */
export class CannotAsk extends Error {}

export const isSilence = (error: unknown): error is Error & { code: string; hint?: string } =>
  error instanceof Error && 'code' in error && SILENT.has(error.code)

/** Skips, with why, where nobody is there to be asked. */
export async function whereAnswered(lookedAt: string, ask: () => Promise<CheckResult>): Promise<CheckResult> {
  try {
    return await ask()
  } catch (error) {
    if (error instanceof CannotAsk) return { result: 'skip', lookedAt, found: error.message }
    if (!isSilence(error)) throw error
    return { result: 'skip', lookedAt, found: error.message, ...(error.hint && { hint: error.hint }) }
  }
}
