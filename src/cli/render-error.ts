import { type ExitCode, LlmgwError } from '../errors.ts'
import { plainText } from '../ui/harmless.ts'
import { VERSION } from './version.ts'

/** An error as the user gets it. */
export interface Rendered {
  readonly exitCode: ExitCode
  readonly code: string
  readonly message: string
  readonly cause?: string
  readonly hint?: string
  readonly stack?: string
}

/** What the prompts and the engine throw when the user stops them; known by name, their rooms are not loaded here. */
const CANCELLED = new Set(['ExitPromptError', 'AbortPromptError', 'CancelledError', 'AbortError'])

/** Exit code and texts of anything that was thrown. */
export function renderError(error: unknown, { debug }: { readonly debug: boolean }): Rendered {
  if (error instanceof LlmgwError) return expected(error, debug)
  if (error instanceof Error && CANCELLED.has(error.name))
    return { exitCode: 130, code: 'Cancelled', message: 'cancelled' }
  return {
    exitCode: 70,
    code: 'Bug',
    message: error instanceof Error ? `${error.name}: ${error.message}` : String(error),
    hint: `this is a bug in llmgw ${VERSION} (Node ${process.versions.node}, ${process.platform}): please report it with the lines above`,
    stack: withCauses(error),
  }
}

function expected(error: LlmgwError, debug: boolean): Rendered {
  const { exitCode, code, message, hint } = error
  const cause = causeText(error.cause)
  return {
    exitCode,
    code,
    message,
    ...(cause === undefined ? {} : { cause }),
    ...(hint === undefined ? {} : { hint }),
    ...(debug ? { stack: withCauses(error) } : {}),
  }
}

/** What is mended outside the command line; a usage error says all in its message. */
const EXPLAINED: ReadonlySet<ExitCode> = new Set([1, 3, 6])

/** The lines for standard error. */
export function errorLines(error: Rendered): string {
  if (error.exitCode === 130) return `${plainText(error.message)}\n`
  const lines = [`error: ${error.message}`]
  if (error.cause !== undefined) lines.push(`  cause: ${indented(error.cause)}`)
  if (error.hint !== undefined && error.exitCode !== 70) lines.push(`  next: ${indented(error.hint)}`)
  if (EXPLAINED.has(error.exitCode)) lines.push(`  more: llmgw explain ${error.code}`)
  if (error.stack !== undefined) lines.push(error.stack)
  if (error.hint !== undefined && error.exitCode === 70) lines.push(error.hint)
  return `${plainText(lines.join('\n'))}\n`
}

function indented(text: string): string {
  return text.replaceAll('\n', '\n    ')
}

function causeText(cause: unknown): string | undefined {
  if (cause === undefined || cause === null) return undefined
  const text = cause instanceof Error ? cause.message : String(cause)
  return text.trim() === '' ? undefined : text.trim()
}

function withCauses(error: unknown): string {
  if (!(error instanceof Error)) return String(error)
  const own = error.stack ?? error.message
  return error.cause === undefined || error.cause === error ? own : `${own}\ncaused by: ${withCauses(error.cause)}`
}
