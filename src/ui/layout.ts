import stringWidth from 'string-width'
import wrapAnsi from 'wrap-ansi'
import { redact } from '../secret.ts'
import type { Paint } from './paint.ts'

/** How a text is drawn. */
export interface Style {
  readonly paint: Paint
  /** Columns of the terminal; 80 where there is none. */
  readonly width: number
}

/** `text` wrapped to `width`, each line indented, further lines `hanging` columns more. Masks before it breaks a secret in two. */
export function indented(text: string, width: number, [indent, hanging]: readonly [number, number]): string {
  const lines = wrapAnsi(redact(text), Math.max(20, width - indent - hanging), { hard: true, trim: true }).split('\n')
  return lines.map((line, index) => `${' '.repeat(index === 0 ? indent : indent + hanging)}${line}`).join('\n')
}

/** `text` filled with spaces up to `columns`. */
export function padded(text: string, columns: number): string {
  return text + ' '.repeat(Math.max(0, columns - stringWidth(text)))
}

/** `text` on one line of at most `columns`. */
export function clipped(text: string, columns: number): string {
  const line = redact(text).replace(/\s+/g, ' ').trim()
  if (stringWidth(line) <= columns) return line
  return `${wrapAnsi(line, columns - 1, { hard: true, wordWrap: false, trim: true }).split('\n')[0] ?? ''}…`
}

/** `0.8 s`, `42 s`, `3 min 5 s`. */
export function duration(ms: number): string {
  if (ms < 9_950) return `${(ms / 1000).toFixed(1)} s`
  const seconds = Math.round(ms / 1000)
  return seconds < 60 ? `${seconds} s` : `${Math.floor(seconds / 60)} min ${seconds % 60} s`
}

/** `1 step`, `2 steps`. */
export function counted(count: number, noun: string): string {
  return `${count} ${noun}${count === 1 ? '' : 's'}`
}
