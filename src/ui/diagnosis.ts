import type { Cause, StepState } from '../engine/step.ts'
import { redact } from '../secret.ts'
import { indented, type Style } from './layout.ts'
import { stateWord } from './words.ts'

/** Why something is not as it should be, from the symptom to the root. */
export interface DiagnosisView {
  readonly component: string
  readonly step: string
  readonly state: StepState
  readonly causes: readonly [Cause, ...Cause[]]
}

/** The last cause of a chain: the answer. */
export const rootOf = ({ causes }: DiagnosisView): Cause => causes.at(-1) ?? causes[0]

/** Whether a block of its own will tell `message` of `step`: not if another diagnosis of the same root goes deeper. */
export function tells(diagnoses: readonly DiagnosisView[], step: string, message: string): boolean {
  const one = diagnoses.find((diagnosis) => diagnosis.step === step && diagnosis.causes[0].message === message)
  return (
    one !== undefined && deepest(diagnoses.filter((other) => rootOf(other).message === rootOf(one).message))[0] === one
  )
}

/** Symptom, what lies beneath it, the tool's own words, and the next command; diagnoses of one root are told once. */
export function renderDiagnoses(diagnoses: readonly DiagnosisView[], style: Style): string {
  const roots = [...new Set(diagnoses.map((one) => rootOf(one).message))]
  const blocks = roots.map((root) =>
    block(
      diagnoses.filter((one) => rootOf(one).message === root),
      style,
    ),
  )
  return redact(blocks.join('\n\n'))
}

/** The longest way down shows most; the others end in the same place. */
function deepest(same: readonly DiagnosisView[]): readonly DiagnosisView[] {
  return [...same].sort((one, other) => other.causes.length - one.causes.length)
}

function block(same: readonly DiagnosisView[], { paint, width }: Style): string {
  const [first, ...others] = deepest(same)
  if (first === undefined) return ''
  const root = rootOf(first)
  // A tool's words are mostly in the symptom already.
  const beyond = (root.evidence ?? [])
    .flatMap((text) => text.split('\n'))
    .filter((line) => !first.causes.some(({ message }) => message.includes(line.trim())))
  const also = others.map(({ component, step }) => (component === step ? step : `${component} (${step})`))
  return [
    `${paint.bold(first.component)}${first.step === first.component ? '' : ` (${first.step})`}  ${stateWord(first.state, paint)}`,
    ...first.causes.map((cause, index) =>
      indented(`${index === 0 ? paint.red('!') : 'because'} ${cause.message} (${cause.code})`, width, [2, 2]),
    ),
    ...beyond.map((line) => indented(`| ${line}`, width, [4, 2])),
    ...(root.hint === undefined ? [] : [indented(`next: ${root.hint}`, width, [2, 2])]),
    ...(also.length === 0 ? [] : [indented(`the same holds up ${also.join(', ')}`, width, [2, 2])]),
  ].join('\n')
}
