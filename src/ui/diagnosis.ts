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

function block(same: readonly DiagnosisView[], { paint, width }: Style): string {
  // The longest way down shows most; the others end in the same place.
  const [first, ...others] = [...same].sort((one, other) => other.causes.length - one.causes.length)
  if (first === undefined) return ''
  const root = rootOf(first)
  const also = others.map(({ component, step }) => (component === step ? step : `${component} (${step})`))
  return [
    `${paint.bold(first.component)}${first.step === first.component ? '' : ` (${first.step})`}  ${stateWord(first.state, paint)}`,
    ...first.causes.map((cause, index) =>
      indented(`${index === 0 ? paint.red('!') : 'because'} ${cause.message} (${cause.code})`, width, [2, 2]),
    ),
    ...(root.evidence ?? []).flatMap((text) => text.split('\n')).map((line) => indented(`| ${line}`, width, [4, 2])),
    ...(root.hint === undefined ? [] : [indented(`next: ${root.hint}`, width, [2, 2])]),
    ...(also.length === 0 ? [] : [indented(`the same holds up ${also.join(', ')}`, width, [2, 2])]),
  ].join('\n')
}
