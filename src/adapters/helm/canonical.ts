import { createHash } from 'node:crypto'

/** The value with the keys of every object sorted, so that equal contents give equal text. */
function canonical(value: unknown): unknown {
  if (Array.isArray(value)) return value.map(canonical)
  if (value === null || typeof value !== 'object') return value
  const entries = Object.entries(value).filter(([, item]) => item !== undefined)
  return Object.fromEntries(entries.sort(([a], [b]) => (a < b ? -1 : 1)).map(([key, item]) => [key, canonical(item)]))
}

/** Hex digits of a digest that is kept in a label, which holds at most 63 characters. */
const LABEL_DIGITS = 40

/** Digest of what a release is made from, short enough for a label. */
export function inputsDigest(inputs: {
  readonly chartDigest: string
  readonly version: string
  readonly values: Readonly<Record<string, unknown>>
}): string {
  return createHash('sha256')
    .update(JSON.stringify(canonical([inputs.chartDigest, inputs.version, inputs.values])))
    .digest('hex')
    .slice(0, LABEL_DIGITS)
}
