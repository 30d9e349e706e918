import { CommanderError } from '@commander-js/extra-typings'
import { type ErrorEvent, EVENTS_VERSION } from '../engine/events.ts'
import type { Host } from './host.ts'
import { processHost } from './process-host.ts'
import { createProgram } from './program.ts'
import { redacted } from './redacted.ts'
import { errorLines, type Rendered, renderError } from './render-error.ts'
import { type Platform, withPasteableHints } from './run/pasteable.ts'

/** Name of the sandbox when `--sandbox` gives none. */
const DEFAULT_SANDBOX = 'default'
const SANDBOX = '--sandbox='
const USAGE = 2

/** Runs the program. @returns the exit code; never throws */
export async function main(argv: readonly string[], seams: Partial<Host> = {}): Promise<number> {
  const given: Host = { ...processHost(), ...seams }
  const host: Host = { ...given, stdout: redacted(given.stdout), stderr: redacted(given.stderr) }
  let exitCode = USAGE
  const program = createProgram(host, (code) => {
    exitCode = code
  })
  try {
    await program.parseAsync([...withSandboxName(argv)], { from: 'user' })
    return exitCode
  } catch (error) {
    // Commander has printed help, version or its own error already.
    if (error instanceof CommanderError) return error.exitCode === 0 ? 0 : USAGE
    const rendered = renderError(error, { debug: argv.includes('--debug') })
    return report(withPasteableHints(rendered, platformOf(argv)), argv, host)
  }
}

/** A bare `--sandbox` must not take the command for its value. */
function withSandboxName(argv: readonly string[]): readonly string[] {
  return argv.map((argument) => (argument === '--sandbox' ? `${SANDBOX}${DEFAULT_SANDBOX}` : argument))
}

function platformOf(argv: readonly string[]): Platform {
  const sandbox = flagValue('--sandbox', withSandboxName(argv))
  const config = flagValue('--config', argv)
  return { ...(sandbox === undefined ? {} : { sandbox }), ...(config === undefined ? {} : { config }) }
}

function report(error: Rendered, argv: readonly string[], host: Host): number {
  host.stderr.write(errorLines(error))
  const { exitCode, stack: _stack, ...texts } = error
  const format = flagValue('--output', argv)
  if (format === 'json') host.stdout.write(`${JSON.stringify({ error: texts, exitCode })}\n`)
  if (format === 'ndjson') host.stdout.write(`${JSON.stringify(errorEvent(texts, exitCode))}\n`)
  return exitCode
}

/** The stream stays a stream of events to its last line. */
function errorEvent(texts: Omit<Rendered, 'exitCode' | 'stack'>, exitCode: number): ErrorEvent & { version: number } {
  return { version: EVENTS_VERSION, at: Date.now(), type: 'error', ...texts, exitCode }
}

/** `--flag VALUE` or `--flag=VALUE`, read from the raw arguments: the error may be about the others. */
function flagValue(flag: string, argv: readonly string[]): string | undefined {
  const texts = argv.map((argument, index) => (argument === flag ? `${flag}=${argv[index + 1] ?? ''}` : argument))
  return texts.find((text) => text.startsWith(`${flag}=`))?.slice(flag.length + 1)
}
