import type { RunEvent } from '../engine/events.ts'

/** C0 but line break and tab, DEL, C1, line separators, and the marks that reorder or hide text. */
const CONTROL = /[^\P{Cc}\n\t]|[\u200b\u200e\u200f\u2028-\u202e\u2060-\u2069\ufeff]/gu
const ESC = '\u001b'
/** Colours: no text of ours needs more. */
const COLOURS = new RegExp(`(${ESC}\\[[\\d;]*m)`)
/** What drawing in place and prompts need: colours, moving, erasing, the cursor, a bell. Never titles, clipboard, links, queries. */
const DRAWING = new RegExp(`(${ESC}\\[\\??[\\d;]*[A-HJKSTfhlmsu]|${ESC}[78]|[\r\u0007\b])`)

/** As JSON writes it, so that a JSON text stays one. */
const shown = (mark: string): string => `\\u${mark.charCodeAt(0).toString(16).padStart(4, '0')}`

/** Text of which nothing acts on a terminal; line breaks and tabs stay. */
export const plainText = (text: string): string => text.replace(CONTROL, shown)

/** The same, but for colours, or for all that drawing in place needs. */
export function harmless(text: string, allowed: 'colours' | 'drawing'): string {
  const parts = text.split(allowed === 'colours' ? COLOURS : DRAWING)
  // A split with one group gives text and matches in turn.
  return parts.map((part, index) => (index % 2 === 1 ? part : plainText(part))).join('')
}

/** An event whose texts, which clusters, pods and files wrote, do nothing to the terminal it is drawn on. */
export const plainEvent = (event: RunEvent): RunEvent => plainValue(event) as RunEvent

function plainValue(value: unknown): unknown {
  if (typeof value === 'string') return plainText(value)
  if (Array.isArray(value)) return value.map(plainValue)
  if (typeof value !== 'object' || value === null) return value
  return Object.fromEntries(Object.entries(value).map(([key, item]) => [key, plainValue(item)]))
}
