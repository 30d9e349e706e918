import type { RunEvent } from '../engine/events.ts'
import type { Cause } from '../engine/step.ts'
import { redact } from '../secret.ts'
import { counted, duration } from './layout.ts'
import { createPaint, type Paint } from './paint.ts'
import type { View, ViewOptions } from './view.ts'
import { causeLines, countWords, outcomeWord, phaseWords, stateWord } from './words.ts'

/** One stable line per event that is worth one; nothing is ever redrawn. */
export function createPlainView({ stderr, colors }: ViewOptions): View {
  const paint = createPaint(colors)
  return {
    onEvent: (event) => {
      for (const line of eventLines(event, paint)) stderr.write(`${redact(line)}\n`)
    },
    close: () => Promise.resolve(),
  }
}

type Of<T extends RunEvent['type']> = Extract<RunEvent, { type: T }>
type Renderers = { readonly [T in RunEvent['type']]: (event: Of<T>, paint: Paint) => readonly string[] }

const RENDERERS: Renderers = {
  'run-started': ({ command, steps }) => [
    `${command}: ${counted(steps.filter((step) => step.off === undefined).length, 'step')}`,
  ],
  note: ({ level, message }, paint) => [level === 'warning' ? `${paint.yellow('warning')}: ${message}` : message],
  'look-started': () => ['looking at what is there'],
  'step-looked': looked,
  'look-finished': ({ elapsedMs }) => [`looked in ${duration(elapsedMs)}`],
  'step-decided': decided,
  'step-started': ({ step, phase }) => [`${step}: ${phaseWords(phase)}`],
  'step-progress': ({ step, line }) => [`${step}: ${line}`],
  'step-applied': ({ step }) => [`${step}: applied`],
  'step-finished': finished,
  'check-finished': checked,
  'run-finished': ({ ok, elapsedMs, counts }, paint) => [
    `${ok ? paint.green('finished') : paint.red('not finished')} in ${duration(elapsedMs)}: ${countWords(counts)}`,
  ],
}

/** The lines of one event, without a line break; none for what a log can do without. */
export function eventLines(event: RunEvent, paint: Paint): readonly string[] {
  // Each renderer takes exactly the event of its key; TypeScript cannot follow a union through an index.
  return (RENDERERS[event.type] as (event: RunEvent, paint: Paint) => readonly string[])(event, paint)
}

function looked({ step, state, changes, cause, on }: Of<'step-looked'>, paint: Paint): readonly string[] {
  const details = [
    ...(changes.length === 0 ? [] : [counted(changes.length, 'change')]),
    ...(on === undefined ? [] : [`for ${on.join(', ')}`]),
  ]
  return [`${step}: ${[stateWord(state, paint), ...details].join(', ')}`, ...under(cause)]
}

function decided({ step, decision, reason }: Of<'step-decided'>): readonly string[] {
  return decision === 'leave' && reason === 'as wanted' ? [] : [`${step}: to ${decision}: ${reason}`]
}

function finished({ step, outcome, elapsedMs, cause, by }: Of<'step-finished'>, paint: Paint): readonly string[] {
  if (outcome === 'off' || (elapsedMs === 0 && (outcome === 'unchanged' || outcome === 'left'))) return []
  const time = elapsedMs === 0 ? '' : ` in ${duration(elapsedMs)}`
  const names = by === undefined ? '' : ` by ${by.join(', ')}`
  return [`${step}: ${outcomeWord(outcome, paint)}${names}${time}`, ...under(cause)]
}

function checked(event: Of<'check-finished'>, paint: Paint): readonly string[] {
  const { check, component, result, found, hint } = event
  const colour = { pass: paint.green, warn: paint.yellow, fail: paint.red, skip: paint.dim }[result]
  return [`${component}: ${check}: ${colour(result)}: ${found}`, ...(hint === undefined ? [] : [`  hint: ${hint}`])]
}

function under(cause: Cause | undefined): readonly string[] {
  return cause === undefined ? [] : causeLines(cause).map((line) => `  ${line}`)
}
