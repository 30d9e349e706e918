import type { ChangedBy, FieldChange } from '../engine/step.ts'
import { unifiedDiff } from './diff.ts'
import { indented, type Style } from './layout.ts'

/** `short` for a plan that is read as a whole, `full` for one component: every field, every line. */
export type Detail = 'short' | 'full'

/** Longer values are cut in a short plan. */
const LONGEST_VALUE = 120
/** More differences of one object are summed up in a short plan. */
const MOST_FIELDS = 40

const WORDS: Readonly<Record<ChangedBy, string>> = {
  configuration: 'configuration differs',
  others: 'changed by others',
}

/** Who makes something differ, in words; empty where that is not told. */
export function byWords(by: ChangedBy | undefined): string {
  return by === undefined ? '' : `  [${WORDS[by]}]`
}

/** The fields of a change, a line each; in full, values of several lines as a diff. */
export function fieldLines(
  fields: readonly FieldChange[],
  style: Style,
  { indent, detail }: { readonly indent: number; readonly detail: Detail },
): readonly string[] {
  const shown = detail === 'full' ? fields : fields.slice(0, MOST_FIELDS)
  const rest = fields.length - shown.length
  const lines = shown.flatMap((field) => {
    if (detail === 'full' && isText(field)) return diffLines(field, style, indent)
    return [indented(fieldLine(detail === 'full' ? field : cut(field), style), style.width, [indent, 2])]
  })
  return rest === 0 ? lines : [...lines, indented(`and ${rest} more fields`, style.width, [indent, 2])]
}

function fieldLine({ path, before, after, by }: FieldChange, { paint }: Style): string {
  const whose = paint.dim(byWords(by))
  if (before === undefined) return `${path}: ${paint.green(oneLine(after ?? ''))}${whose}`
  if (after === undefined) return `${path}: ${paint.red(oneLine(before))} (removed)${whose}`
  return `${path}: ${paint.red(oneLine(before))} -> ${paint.green(oneLine(after))}${whose}`
}

const isText = ({ before = '', after = '' }: FieldChange): boolean => before.includes('\n') || after.includes('\n')

function diffLines({ path, before = '', after = '', by }: FieldChange, style: Style, indent: number): string[] {
  const margin = ' '.repeat(indent)
  const text = unifiedDiff(path, { before, after }, style.paint)
  return [`${margin}${path}:${style.paint.dim(byWords(by))}`, ...text.split('\n').map((line) => `${margin}  ${line}`)]
}

/** Both values from where they begin to differ, from the start of that line on. */
function cut(field: FieldChange): FieldChange {
  const { before, after } = field
  const at = before === undefined || after === undefined ? 0 : firstDifference(before, after)
  return {
    ...field,
    ...(before === undefined ? {} : { before: shortened(before, at) }),
    ...(after === undefined ? {} : { after: shortened(after, at) }),
  }
}

function firstDifference(before: string, after: string): number {
  let at = 0
  while (at < before.length && before[at] === after[at]) at += 1
  return at < LONGEST_VALUE / 2 ? 0 : before.lastIndexOf('\n', at - 1) + 1
}

function shortened(text: string, from: number): string {
  const rest = text.slice(from)
  const end = rest.length > LONGEST_VALUE ? `${rest.slice(0, LONGEST_VALUE)}…` : rest
  return from > 0 ? `…${end}` : end
}

const CONTROLS = /\p{Cc}/gu

/** Nothing that a value holds moves the cursor. */
function oneLine(text: string): string {
  return text.replace(CONTROLS, (control) => JSON.stringify(control).slice(1, -1))
}
