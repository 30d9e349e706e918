import { createTwoFilesPatch } from 'diff'
import type { Paint } from './paint.ts'

const CONTEXT_LINES = 3
const NO_NEWLINE = /^\\ /

/** Unified diff of two texts; empty when they are equal. */
export function unifiedDiff(
  name: string,
  { before, after }: { readonly before: string; readonly after: string },
  paint: Paint,
): string {
  if (before === after) return ''
  const patch = createTwoFilesPatch(`${name} (is)`, `${name} (wanted)`, before, after, undefined, undefined, {
    context: CONTEXT_LINES,
  })
  const lines = patch.split('\n').filter((line) => !line.startsWith('====') && !NO_NEWLINE.test(line))
  return lines
    .map((line) => painted(line, paint))
    .join('\n')
    .trimEnd()
}

function painted(line: string, paint: Paint): string {
  if (line.startsWith('+++') || line.startsWith('---')) return paint.bold(line)
  if (line.startsWith('@@')) return paint.cyan(line)
  if (line.startsWith('+')) return paint.green(line)
  return line.startsWith('-') ? paint.red(line) : line
}
