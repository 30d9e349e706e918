import Table from 'cli-table3'
import type { ComponentState } from '../engine/decide.ts'
import type { Observation } from '../engine/step.ts'
import { redact } from '../secret.ts'
import { clipped, counted, indented, type Style } from './layout.ts'
import { stateWord } from './words.ts'

const GAP = 2
const LEAST_DETAIL_COLUMNS = 20
const NO_BORDERS = Object.fromEntries(
  [
    ...['top', 'top-mid', 'top-left', 'top-right', 'bottom', 'bottom-mid', 'bottom-left', 'bottom-right'],
    ...['left', 'left-mid', 'mid', 'mid-mid', 'right', 'right-mid', 'middle'],
  ].map((place) => [place, '']),
)

/** What is known of a component beyond its state; times are ISO 8601. */
interface StatusFacts {
  readonly version?: { readonly wanted: string; readonly running?: string }
  readonly changedAt?: string
  readonly workloads?: { readonly ready: number; readonly total: number }
  readonly warning?: { readonly at: string; readonly text: string }
}

export interface StatusInput {
  readonly components: readonly ComponentState[]
  readonly facts: ReadonlyMap<string, StatusFacts>
  /** In ms since the epoch: ages are told from here. */
  readonly now: number
}

/** Component, state, version, age, workloads that are ready, and what there is to say; a line each. */
export function renderStatus({ components, facts, now }: StatusInput, style: Style): string {
  const { paint, width } = style
  const rows = components.map((component) => cells(component, facts.get(component.component) ?? {}, now))
  const heads = ['COMPONENT', 'STATE', 'VERSION', 'AGE', 'READY']
  const columns = heads.map((head, index) => Math.max(head.length, ...rows.map((row) => row.cells[index]?.length ?? 0)))
  const taken = columns.reduce((sum, own) => sum + own + GAP, 0)
  const detailColumns = Math.max(LEAST_DETAIL_COLUMNS, width - taken)
  const table = new Table({
    head: [...heads, 'DETAIL'].map((title) => paint.bold(title)),
    colWidths: [...columns.map((own) => own + GAP), detailColumns],
    chars: NO_BORDERS,
    style: { head: [], border: [], 'padding-left': 0, 'padding-right': 0 },
  })
  for (const row of rows) {
    const [component = '', , ...rest] = row.cells
    table.push([component, stateWord(row.state, paint), ...rest, clipped(row.detail, detailColumns)])
  }
  const lines = table
    .toString()
    .split('\n')
    .map((line) => line.trimEnd())
  return [...lines, ...components.flatMap((component) => sickness(component, style))].join('\n')
}

/** What the narrow column cuts off, where it matters. */
function sickness(component: ComponentState, { paint, width }: Style): readonly string[] {
  if (component.state !== 'broken' && component.state !== 'unknown') return []
  const text = `${paint.red('!')} ${component.component}: ${componentDetail(component)}`
  return [indented(redact(text), width, [0, 2])]
}

interface Row {
  readonly state: ComponentState['state']
  readonly cells: readonly string[]
  readonly detail: string
}

function cells(component: ComponentState, { version, changedAt, workloads, warning }: StatusFacts, now: number): Row {
  const said = warning === undefined ? '' : `${age(warning.at, now)} ago: ${warning.text}`
  return {
    state: component.state,
    cells: [
      component.component,
      component.state,
      versionWords(version),
      changedAt === undefined ? '' : age(changedAt, now),
      workloads === undefined ? '' : `${workloads.ready}/${workloads.total}`,
    ],
    detail: componentDetail(component) || said,
  }
}

function versionWords(version: StatusFacts['version']): string {
  if (version?.running === undefined) return ''
  const { running, wanted } = version
  return running === wanted ? running : `${running} -> ${wanted}`
}

const MINUTE_MS = 60_000
const STEPS_UP = [
  ['d', 24 * 60 * MINUTE_MS],
  ['h', 60 * MINUTE_MS],
  ['min', MINUTE_MS],
] as const

/** `3 d`, `5 h`, `12 min`, `8 s`: the largest unit that fits. */
function age(at: string, now: number): string {
  const ms = Math.max(0, now - Date.parse(at))
  const unit = STEPS_UP.find(([, size]) => ms >= size)
  return unit === undefined ? `${Math.floor(ms / 1000)} s` : `${Math.floor(ms / unit[1])} ${unit[0]}`
}

/** The worst step in a few words. */
export function componentDetail({ state, steps }: ComponentState): string {
  if (state === 'current') return ''
  const worst = steps.filter(({ seen }) => seen.state === state)
  const [first] = worst
  if (first === undefined) return ''
  const name = steps.length > 1 ? `${first.id}: ` : ''
  const more = worst.length > 1 ? `, and ${counted(worst.length - 1, 'more step')}` : ''
  return `${name}${observationWords(first.seen)}${more}`
}

function observationWords(seen: Observation): string {
  switch (seen.state) {
    case 'broken':
    case 'unknown':
      return seen.cause.message
    case 'waiting':
      return `known after ${seen.on.join(', ')}`
    case 'settling':
      return 'still rolling out'
    case 'missing':
    case 'drifted':
      return counted(seen.changes.length, 'change')
    default:
      return ''
  }
}
