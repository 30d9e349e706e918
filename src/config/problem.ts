import { ConfigError } from '../errors.ts'

/** One thing that is wrong with the configuration, where the user can mend it. */
export interface Problem {
  /** File, or where else the value came from. */
  readonly file: string
  readonly line?: number
  readonly column?: number
  /** Dotted path of the value. */
  readonly path?: string
  readonly message: string
}

/** `llmgw.yaml:3:5: aws.accountId: expected …, found …`. */
function problemText({ file, line, column, path, message }: Problem): string {
  const place = line === undefined ? file : `${file}:${line}:${column ?? 1}`
  return path ? `${place}: ${path}: ${message}` : `${place}: ${message}`
}

/** The configuration is invalid; `problems` are all of them, each at its place. */
export class InvalidConfigError extends ConfigError {
  readonly problems: readonly Problem[]

  constructor(message: string, hint: string | undefined, problems: readonly Problem[]) {
    super('ConfigInvalid', message, { hint })
    this.problems = problems
  }
}

const MOST_SHOWN = 20

/** All problems in one error: the user mends them in one go. */
export function configError(problems: readonly Problem[], hint?: string): ConfigError {
  const sorted = [...problems].sort((a, b) => (a.line ?? 0) - (b.line ?? 0) || (a.column ?? 0) - (b.column ?? 0))
  const shown = sorted.slice(0, MOST_SHOWN).map(problemText)
  const more = problems.length - shown.length
  const lines = more > 0 ? [...shown, `and ${more} more`] : shown
  const message =
    lines.length === 1
      ? (lines[0] ?? '')
      : [`the configuration has ${problems.length} problems`, ...lines.map((line) => `  ${line}`)].join('\n')
  return new InvalidConfigError(message, hint, sorted)
}
