import { CommanderError } from '@commander-js/extra-typings'
import { type Host, processHost } from './host.ts'
import { createProgram } from './program.ts'
import { redacted } from './redacted.ts'
import { errorLines, type Rendered, renderError } from './render-error.ts'

/** Name of the sandbox when `--sandbox` gives none. */
const DEFAULT_SANDBOX = 'default'
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
    return report(renderError(error, { debug: argv.includes('--debug') }), argv, host)
  }
}

/** A bare `--sandbox` must not take the command for its value. */
function withSandboxName(argv: readonly string[]): readonly string[] {
  return argv.map((argument) => (argument === '--sandbox' ? `--sandbox=${DEFAULT_SANDBOX}` : argument))
}

function report(error: Rendered, argv: readonly string[], host: Host): number {
  host.stderr.write(errorLines(error))
  if (wantsJson(argv)) {
    const { exitCode, stack: _stack, ...texts } = error
    host.stdout.write(`${JSON.stringify({ error: texts, exitCode })}\n`)
  }
  return error.exitCode
}

/** Read from the raw arguments: the error may be about the others. */
function wantsJson(argv: readonly string[]): boolean {
  return argv.some(
    (argument, index) =>
      /^--output=(nd)?json$/.test(argument) || (argument === '--output' && /^(nd)?json$/.test(argv[index + 1] ?? '')),
  )
}
