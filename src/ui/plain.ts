import type { RunEvent } from '../engine/events.ts'
import type { Cause } from '../engine/step.ts'
import { redact } from '../secret.ts'
import { counted, duration } from './layout.ts'
import { orphanLine } from './orphans.ts'
import { createPaint, type Paint } from './paint.ts'
import type { View, ViewOptions } from './run-view.ts'
import { causeLines, countWords, outcomeWord, phaseWords, stateWord } from './words.ts'

/** One stable line per event that is worth one; nothing is ever redrawn. */
export function createPlainView({ stderr, colors, causes }: ViewOptions): View {
  const pen = { paint: createPaint(colors), causes }
  return {
    onEvent: (event) => {
      for (const line of eventLines(event, pen)) stderr.write(`${redact(line)}\n`)
    },
    close: () => Promise.resolve(),
  }
}

/** How lines are written. */
interface Pen {
  readonly paint: Paint
  readonly causes: ViewOptions['causes']
}

type Of<T extends RunEvent['type']> = Extract<RunEvent, { type: T }>
type Renderers = { readonly [T in RunEvent['type']]: (event: Of<T>, pen: Pen) => readonly string[] }

const RENDERERS: Renderers = {
  'run-started': ({ command, steps }) => {
    const own = steps.filter((step) => step.off === undefined).length
    return [own === 0 ? command : `${command}: ${counted(own, 'step')}`]
  },
  note: ({ level, message }, { paint }) => [level === 'warning' ? `${paint.yellow('warning')}: ${message}` : message],
  'look-started': () => ['looking at what is there'],
  'step-looked': looked,
  'look-finished': ({ elapsedMs }) => [`looked in ${duration(elapsedMs)}`],
  'step-decided': decided,
  'step-started': ({ step, phase }) => [`${step}: ${phaseWords(phase)}`],
  'step-progress': ({ step, line }) => [`${step}: ${line}`],
  'step-applied': ({ step }) => [`${step}: applied`],
  'step-finished': finished,
  // The text result tells it in full.
  'step-diagnosed': () => [],
  'orphans-found': ({ orphans }) => orphans.map(orphanLine),
  'prune-started': ({ steps }) => [`removing what is orphaned: ${counted(steps.length, 'object')}`],
  'check-finished': checked,
  'run-finished': ({ ok, elapsedMs, counts }, { paint }) => [
    `${ok ? paint.green('finished') : paint.red('not finished')} in ${duration(elapsedMs)}: ${countWords(counts)}`,
  ],
}

/** The lines of one event, without a line break; none for what a log can do without. */
export function eventLines(event: RunEvent, pen: Pen): readonly string[] {
  // Each renderer takes exactly the event of its key; TypeScript cannot follow a union through an index.
  return (RENDERERS[event.type] as (event: RunEvent, pen: Pen) => readonly string[])(event, pen)
}

function looked({ step, state, changes, cause, on }: Of<'step-looked'>, pen: Pen): readonly string[] {
  const details = [
    ...(changes.length === 0 ? [] : [counted(changes.length, 'change')]),
    ...(on === undefined ? [] : [`for ${on.join(', ')}`]),
  ]
  return withCause(`${step}: ${[stateWord(state, pen.paint), ...details].join(', ')}`, cause, pen)
}

function decided({ step, decision, reason }: Of<'step-decided'>): readonly string[] {
  return decision === 'leave' && reason === 'as wanted' ? [] : [`${step}: to ${decision}: ${reason}`]
}

function finished({ step, outcome, elapsedMs, cause, by }: Of<'step-finished'>, pen: Pen): readonly string[] {
  if (outcome === 'off' || (elapsedMs === 0 && (outcome === 'unchanged' || outcome === 'left'))) return []
  const time = elapsedMs === 0 ? '' : ` in ${duration(elapsedMs)}`
  const names = by === undefined ? '' : ` by ${by.join(', ')}`
  return withCause(`${step}: ${outcomeWord(outcome, pen.paint)}${names}${time}`, cause, pen)
}

function checked(event: Of<'check-finished'>, { paint }: Pen): readonly string[] {
  const { check, component, result, found, hint } = event
  const colour = { pass: paint.green, warn: paint.yellow, fail: paint.red, skip: paint.dim }[result]
  return [`${component}: ${check}: ${colour(result)}: ${found}`, ...(hint === undefined ? [] : [`  hint: ${hint}`])]
}

/** A short cause stays on the line: the whole of it is in the text result. */
function withCause(line: string, cause: Cause | undefined, { causes }: Pen): readonly string[] {
  if (cause === undefined) return [line]
  const [first = '', ...more] = causeLines(cause)
  return causes === 'short' ? [`${line}: ${first}`] : [line, ...[first, ...more].map((text) => `  ${text}`)]
}
