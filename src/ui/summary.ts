import type { RunResult, StepResult } from '../engine/result.ts'
import { redact } from '../secret.ts'
import { type DiagnosisView, tells } from './diagnosis.ts'
import { counted, duration, indented, type Style } from './layout.ts'
import { causeLines, countWords, outcomeWord } from './words.ts'

export interface SummaryInput {
  readonly result: RunResult
  readonly elapsedMs: number
  /** The next command, e.g. `llmgw verify`, or how to go on after a failure. */
  readonly next?: string
  /** Diagnoses that follow: what they tell is not told here too. */
  readonly diagnoses?: readonly DiagnosisView[]
}

/** Closing lines of a run: what came of it, every failure with its cause, and the next command. */
export function renderSummary({ result, elapsedMs, next, diagnoses = [] }: SummaryInput, style: Style): string {
  const lines = isNoop(result)
    ? [style.paint.green(`nothing to do: ${areAsWanted(result)}`)]
    : [...result.steps.flatMap((step) => failureLines(step, diagnoses, style)), ...totals(result, elapsedMs, style)]
  return redact([...lines, ...(next === undefined ? [] : [`next: ${next}`])].join('\n'))
}

function isNoop({ steps }: RunResult): boolean {
  return steps.every(({ outcome }) => outcome === 'unchanged' || outcome === 'off')
}

function areAsWanted({ steps }: RunResult): string {
  const components = new Set(steps.filter(({ outcome }) => outcome !== 'off').map((step) => step.component)).size
  return `${counted(components, 'component')} ${components === 1 ? 'is' : 'are'} as wanted`
}

function totals({ ok, counts }: RunResult, elapsedMs: number, { paint }: Style): readonly string[] {
  const word = ok ? paint.green('finished') : paint.red('not finished')
  return [`${word} in ${duration(elapsedMs)}: ${countWords(counts)}`]
}

function failureLines(
  { id, outcome, cause, by }: StepResult,
  diagnoses: readonly DiagnosisView[],
  { paint, width }: Style,
): readonly string[] {
  if (outcome !== 'failed' && outcome !== 'stale' && outcome !== 'blocked') return []
  const names = by === undefined ? '' : ` by ${by.join(', ')}`
  const head = `${id}: ${outcomeWord(outcome, paint)}${names}`
  if (cause === undefined || tells(diagnoses, id, cause.message)) return [head]
  return [head, ...causeLines(cause).map((line) => indented(line, width, [2, 2]))]
}
