import type { ComponentName } from '../../src/config/schema.ts'
import type { Services, StepContext } from '../../src/ports/index.ts'

/** What a check may see. */
export type CheckContext = Services & Pick<StepContext, 'signal'>

export interface CheckResult {
  readonly result: 'pass' | 'warn' | 'fail' | 'skip'
  /** The objects that were really looked at. */
  readonly lookedAt: string
  /** What was found there; never a secret value. */
  readonly found: string
  /** The next command. */
  readonly hint?: string
}

/** One proof that what is deployed works. Reads only; a throw means that it could not look. */
export interface Check {
  readonly id: string
  readonly component: ComponentName | 'account' | 'cluster'
  readonly title: string
  /** It calls models, which costs money: run only where that is allowed. */
  readonly probes?: true
  run(ctx: CheckContext): Promise<CheckResult>
}

/** Passes when nothing is wrong; otherwise tells all of it. */
export function verdict(
  lookedAt: string,
  wrong: readonly string[],
  told: { readonly good: string; readonly hint?: string },
): CheckResult {
  if (wrong.length === 0) return { result: 'pass', lookedAt, found: told.good }
  return { result: 'fail', lookedAt, found: wrong.join('; '), ...(told.hint && { hint: told.hint }) }
}
