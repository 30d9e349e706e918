import type { Cause } from '../../engine/step.ts'

/** Something that is wrong, or (`warning`) worth knowing, where it can be mended. */
export interface Finding {
  readonly severity: 'error' | 'warning'
  readonly code: string
  /** File, or where else the value comes from. */
  readonly file: string
  readonly line?: number
  readonly column?: number
  readonly message: string
  readonly fix: string
}

/** A failure of a check as a finding about `file`. */
export function findingOf({ code, message, evidence = [], hint }: Cause, file: string): Finding {
  return {
    severity: 'error',
    code,
    file,
    message: [message, ...evidence].join(': '),
    fix: hint ?? `llmgw explain ${code}`,
  }
}
