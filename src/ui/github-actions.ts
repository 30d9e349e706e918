import { redact } from '../secret.ts'
import { counted, duration } from './layout.ts'
import { createPaint } from './paint.ts'
import type { RecordedStep, RunRecord } from './run-record.ts'
import { causeLines, outcomeWord, stateWord } from './words.ts'

const NO_COLOURS = createPaint(false)

/** A failure or warning as both reports of GitHub Actions tell it. */
interface Finding {
  readonly level: 'error' | 'warning'
  readonly title: string
  /** First line, then details. */
  readonly lines: readonly string[]
}

/** Workflow commands, one a line, that GitHub shows next to the run. Source: GitHub docs, "Workflow commands". */
export function renderAnnotations(record: RunRecord): readonly string[] {
  return findings(record).map(
    ({ level, title, lines }) => `::${level} title=${property(`llmgw: ${title}`)}::${data(lines.join('\n'))}`,
  )
}

/** Markdown for the page of the workflow run. */
export function renderStepSummary(record: RunRecord): string {
  const found = findings(record)
  const parts = [heading(record), ...stepTable(record.steps), ...checkLine(record), ...found.map(findingText)]
  return `${redact(parts.join('\n\n'))}\n`
}

function findings({ steps, checks, warnings, error }: RunRecord): readonly Finding[] {
  return [
    ...(error === undefined
      ? []
      : [{ level: 'error' as const, title: error.code, lines: given([error.message, error.cause, hintLine(error)]) }]),
    ...steps.filter(isFailure).map(({ id, cause }): Finding => {
      return { level: 'error', title: id, lines: cause === undefined ? ['failed'] : causeLines(cause) }
    }),
    ...checks.flatMap((check): readonly Finding[] => {
      if (check.result !== 'fail' && check.result !== 'warn') return []
      const lines = given([check.found, hintLine(check)])
      return [{ level: check.result === 'fail' ? 'error' : 'warning', title: check.title ?? check.check, lines }]
    }),
    ...warnings.map((message): Finding => ({ level: 'warning', title: 'note', lines: [message] })),
  ]
}

const isFailure = ({ outcome }: RecordedStep): boolean => outcome === 'failed' || outcome === 'stale'
const hintLine = ({ hint }: { readonly hint?: string }) => (hint === undefined ? undefined : `next: ${hint}`)
const given = (lines: readonly (string | undefined)[]) => lines.filter((line): line is string => line !== undefined)

function heading({ command, ok, error, elapsedMs }: RunRecord): string {
  const word = error !== undefined || ok === false ? '❌ not finished' : ok === true ? '✅ finished' : 'looked'
  return `### ${markdown(`llmgw ${command}`)}: ${word} in ${duration(elapsedMs)}`
}

function stepTable(steps: readonly RecordedStep[]): readonly string[] {
  if (steps.length === 0) return []
  const rows = steps.map(({ component, title, elapsedMs, ...step }) => {
    const time = elapsedMs === 0 ? '' : duration(elapsedMs)
    return `| ${[component, title, result(step), time].map(markdown).join(' | ')} |`
  })
  return [['| component | step | result | time |', '|---|---|---|---|', ...rows].join('\n')]
}

function result({ outcome, state, by }: Pick<RecordedStep, 'outcome' | 'state' | 'by'>): string {
  if (outcome !== undefined)
    return `${outcomeWord(outcome, NO_COLOURS)}${by === undefined ? '' : ` by ${by.join(', ')}`}`
  return state === undefined ? '' : stateWord(state, NO_COLOURS)
}

function checkLine({ checks }: RunRecord): readonly string[] {
  if (checks.length === 0) return []
  return [`${checks.filter((check) => check.result === 'pass').length} of ${counted(checks.length, 'check')} passed`]
}

function findingText({ level, title, lines }: Finding): string {
  const text = redact(lines.join('\n'))
  // A fence must be longer than any within.
  const fence = '`'.repeat(Math.max(3, ...[...text.matchAll(/`+/g)].map(([run]) => run.length + 1)))
  return `**${level}: ${markdown(title)}**\n\n${fence}text\n${text}\n${fence}`
}

/** One line of Markdown in which nothing is markup. */
function markdown(text: string): string {
  return redact(text)
    .replace(/\s+/g, ' ')
    .replace(/[\\`*_{}[\]<>|~#]/g, (character) => `\\${character}`)
}

/** Source: escapeData and escapeProperty of @actions/core. */
function data(text: string): string {
  return redact(text).replaceAll('%', '%25').replaceAll('\r', '%0D').replaceAll('\n', '%0A')
}

function property(text: string): string {
  return data(text).replaceAll(':', '%3A').replaceAll(',', '%2C')
}
