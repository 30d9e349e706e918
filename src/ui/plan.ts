import type { ComponentState, Decisions, StepDecision } from '../engine/decide.ts'
import type { Cause, Change, Observation } from '../engine/step.ts'
import { redact } from '../secret.ts'
import { byWords, type Detail, fieldLines } from './field-lines.ts'
import { counted, indented, padded, type Style } from './layout.ts'
import type { Paint } from './paint.ts'
import { causeLines, stateWord } from './words.ts'

export interface Plan {
  readonly components: readonly ComponentState[]
  /** With them, what is left alone is said; without, everything that differs counts. */
  readonly decisions?: Decisions
  /** Values of charts that the user sets, one line each, by component. */
  readonly overrides?: ReadonlyMap<string, readonly string[]>
}

const SIGNS = { create: '+', update: '~', replace: '±', delete: '-', adopt: '<', run: '>' } as const
const ACTIONS = ['create', 'update', 'replace', 'delete', 'adopt', 'run'] as const
const ACTION_COLUMNS = 8

/** What a deploy would change, by component; components that are as wanted are only counted. */
export function renderPlan(plan: Plan, style: Style): string {
  const differing = plan.components.filter((component) => component.state !== 'current')
  const blocks = differing.map((component) => renderComponentPlan(component, style, plan))
  return redact([...blocks, indented(planTotals(plan), style.width, [0, 2])].join('\n\n'))
}

/** One component of a plan: its state, and beneath it what each of its steps would do. */
export function renderComponentPlan(
  component: ComponentState,
  style: Style,
  {
    decisions,
    overrides,
    detail = 'short',
  }: Omit<Plan, 'components' | 'decisions'> & {
    readonly decisions?: Decisions | undefined
    readonly detail?: Detail
  } = {},
): string {
  const { paint } = style
  const several = component.steps.length > 1
  const lines = component.steps.flatMap(({ id, seen }) =>
    stepLines({ id, seen, several, detail }, style, decisions?.get(id)),
  )
  const own = (overrides?.get(component.component) ?? []).map((line) =>
    indented(`${paint.dim('your value')} ${line}`, style.width, [2, 2]),
  )
  return redact(
    [`${paint.bold(component.component)}  ${stateWord(component.state, paint)}`, ...lines, ...own].join('\n'),
  )
}

interface StepRow {
  readonly id: string
  readonly seen: Observation
  /** The component has other steps too, so this one is named. */
  readonly several: boolean
  readonly detail: Detail
}

function stepLines({ id, seen, several, detail }: StepRow, style: Style, decision?: StepDecision): readonly string[] {
  if (seen.state === 'current') return []
  const left = decision?.decision === 'leave' ? style.paint.dim(` (${decision.reason})`) : ''
  const indent = several ? 4 : 2
  const head = several ? [`  ${id}: ${stateWord(seen.state, style.paint)}${left}`] : left === '' ? [] : [` ${left}`]
  return [...head, ...observationLines(seen, style, { indent, detail })]
}

interface Place {
  readonly indent: number
  readonly detail: Detail
}

function observationLines(seen: Observation, style: Style, place: Place): readonly string[] {
  const { paint, width } = style
  const { indent } = place
  switch (seen.state) {
    case 'waiting':
      return [indented(`${paint.cyan('?')} known after ${seen.on.join(', ')}`, width, [indent, 2])]
    case 'settling':
      return [indented(`${paint.yellow('…')} still rolling out: nothing to change`, width, [indent, 2])]
    case 'unknown':
      return causeBlock(seen.cause, style, indent)
    case 'broken':
      return [...causeBlock(seen.cause, style, indent), ...changeBlock(seen.changes, style, place)]
    case 'missing':
    case 'drifted':
      return changeBlock(seen.changes, style, place)
    default:
      return []
  }
}

function causeBlock(cause: Cause, { paint, width }: Style, indent: number): readonly string[] {
  return causeLines(cause).map((line, index) =>
    indented(index === 0 ? `${paint.red('!')} ${line}` : line, width, [index === 0 ? indent : indent + 2, 2]),
  )
}

function changeBlock(changes: readonly Change[], style: Style, { indent, detail }: Place): readonly string[] {
  return changes.flatMap((change) => [
    indented(changeLine(change, style.paint), style.width, [indent, ACTION_COLUMNS + 2]),
    ...fieldLines(change.fields ?? [], style, { indent: indent + 4, detail }),
  ])
}

function changeLine({ action, target, detail, by }: Change, paint: Paint): string {
  const what = actionColour(action, paint)(`${SIGNS[action]} ${padded(action, ACTION_COLUMNS)}`)
  return `${what}${target}${detail === undefined ? '' : `  (${detail})`}${paint.dim(byWords(by))}`
}

function actionColour(action: Change['action'], paint: Paint): Paint {
  if (action === 'create' || action === 'adopt') return paint.green
  return action === 'delete' || action === 'replace' ? paint.red : paint.yellow
}

/** `Plan: 2 to create, 1 to update; 3 components as wanted.` */
export function planTotals({ components, decisions }: Plan): string {
  const steps = components.flatMap((component) => component.steps)
  const changing = steps.filter(({ id }) => decisions === undefined || decisions.get(id)?.decision === 'apply')
  const changes = changing.flatMap(({ seen }) => ('changes' in seen ? seen.changes : []))
  const waiting = changing.filter(({ seen }) => seen.state === 'waiting').length
  const unknown = steps.filter(({ seen }) => seen.state === 'unknown').length
  const parts = [
    ...ACTIONS.flatMap((action) => {
      const count = changes.filter((change) => change.action === action).length
      return count === 0 ? [] : [`${count} to ${action}`]
    }),
    ...(waiting === 0 ? [] : [`${counted(waiting, 'step')} known later`]),
    ...(unknown === 0 ? [] : [`${counted(unknown, 'step')} could not be looked at`]),
  ]
  const current = components.filter((component) => component.state === 'current').length
  const asWanted = current === 0 ? '' : `; ${counted(current, 'component')} as wanted`
  return `Plan: ${parts.length === 0 ? 'nothing to change' : parts.join(', ')}${asWanted}.`
}
