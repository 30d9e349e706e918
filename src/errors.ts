/**
 * The errors a user sees. Adapters translate at the border; nobody else catches to rewrite.
 * `message`: what, which object, found against expected; lower case, no full stop, never a secret.
 * `hint`: the next command to run. `cause`: the tool's last meaningful line or the original error.
 */
export type ExitCode = 0 | 1 | 2 | 3 | 4 | 6 | 70 | 130

export interface ErrorDetails {
  readonly hint?: string | undefined
  readonly cause?: unknown
}

/** Root of all expected failures; anything else that is thrown is our bug (exit 70). */
export class LlmgwError extends Error {
  readonly code: string
  readonly hint: string | undefined
  readonly exitCode: ExitCode = 1

  /** @param code stable PascalCase name that `llmgw explain` knows */
  constructor(code: string, message: string, details: ErrorDetails = {}) {
    super(message, details.cause === undefined ? undefined : { cause: details.cause })
    this.name = new.target.name
    this.code = code
    this.hint = details.hint
  }
}

/** A step or check failed, or did not converge. Exit 1. */
export class StepError extends LlmgwError {}

/** Wrong flag or argument. Exit 2. */
export class UsageError extends LlmgwError {
  override readonly exitCode = 2
}

/** Wrong configuration; the message names file, line and column. Exit 2. */
export class ConfigError extends LlmgwError {
  override readonly exitCode = 2
}

/** Missing or old tool, wrong account or cluster, no credentials, no permission, could not look. Exit 3. */
export class PreflightError extends LlmgwError {
  override readonly exitCode = 3
}

/** Another run holds the lock. Exit 6. */
export class LockedError extends LlmgwError {
  override readonly exitCode = 6
}

/** Cancelled or declined; one soft line, no stack. Exit 130. */
export class AbortedError extends LlmgwError {
  override readonly exitCode = 130
}
