import Table from 'cli-table3'
import type { ComponentState } from '../engine/decide.ts'
import type { Observation } from '../engine/step.ts'
import { clipped, counted, type Style } from './layout.ts'
import { stateWord } from './words.ts'

const GAP = 2
const STATE_COLUMNS = 8
const NO_BORDERS = Object.fromEntries(
  [
    ...['top', 'top-mid', 'top-left', 'top-right', 'bottom', 'bottom-mid', 'bottom-left', 'bottom-right'],
    ...['left', 'left-mid', 'mid', 'mid-mid', 'right', 'right-mid', 'middle'],
  ].map((place) => [place, '']),
)

/** Component, state and what there is to say about it, a line each. */
export function renderStatus(components: readonly ComponentState[], { paint, width }: Style): string {
  const nameColumns = Math.max('COMPONENT'.length, ...components.map(({ component }) => component.length))
  const detailColumns = Math.max(20, width - nameColumns - STATE_COLUMNS - 2 * GAP)
  const table = new Table({
    head: ['COMPONENT', 'STATE', 'DETAIL'].map((title) => paint.bold(title)),
    colWidths: [nameColumns + GAP, STATE_COLUMNS + GAP, detailColumns],
    chars: NO_BORDERS,
    style: { head: [], border: [], 'padding-left': 0, 'padding-right': 0 },
  })
  for (const component of components) {
    const detail = clipped(componentDetail(component), detailColumns)
    table.push([component.component, stateWord(component.state, paint), detail])
  }
  return table
    .toString()
    .split('\n')
    .map((line) => line.trimEnd())
    .join('\n')
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
