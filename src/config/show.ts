const LONGEST = 80
/** C0, DEL, C1, line separators, and the marks that reorder or hide text in a terminal. */
const UNSAFE = /[\p{Cc}\p{Cf}\p{Cs}\u2028\u2029]/gu

/** Text of unknown origin on one line: control and direction marks escaped, cut to 80 characters. */
export function showText(text: string): string {
  const cut = text.length > LONGEST ? text.slice(0, LONGEST) : text
  const safe = cut.replace(UNSAFE, (mark) => `\\u{${(mark.codePointAt(0) ?? 0).toString(16)}}`)
  return cut === text ? safe : `${safe}… (${text.length} characters)`
}

/** A value of unknown origin as an error message shows it: text in quotes, other scalars plain, the rest by kind. */
export function showValue(value: unknown): string {
  if (value === undefined) return 'nothing'
  if (value === null) return 'an empty value'
  if (typeof value === 'string') return value === '' ? 'an empty text' : `"${showText(value)}"`
  if (Array.isArray(value)) return `a list of ${value.length}`
  if (typeof value === 'object') return 'a mapping'
  return `the ${typeof value} ${showText(String(value))}`
}
