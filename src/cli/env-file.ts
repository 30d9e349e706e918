import { UsageError } from '../errors.ts'

/** One assignment of a file. */
export interface Assignment {
  readonly name: string
  readonly value: string
  /** Line it starts in, from 1. */
  readonly line: number
}

const NAME = /^(?:export[ \t]+)?([A-Za-z][\w-]*)[ \t]*=[ \t]*/
const ESCAPES: Readonly<Record<string, string>> = { n: '\n', r: '\r', t: '\t', '"': '"', '\\': '\\', $: '$', '`': '`' }

/**
 * Reads `NAME=value` lines as data: nothing is expanded or run. `export`, comments, quotes (also over several lines; escapes
 * within double ones), CRLF and a byte order mark are taken as a shell and its tools write them.
 * @throws UsageError SecretsFileLine with the place at fault, never a value
 */
export function parseEnvFile(text: string, place: string): readonly Assignment[] {
  const rest = text.replace(/^\uFEFF/, '').replaceAll('\r\n', '\n')
  const found: Assignment[] = []
  let at = 0
  let line = 1
  while (at < rest.length) {
    const end = endOfLine(rest, at)
    const [, indent = ''] = /^([ \t]*)/.exec(rest.slice(at, end)) ?? []
    const start = at + indent.length
    if (start === end || rest[start] === '#') {
      at = end + 1
      line += 1
      continue
    }
    const match = NAME.exec(rest.slice(start, end))
    if (match?.[1] === undefined) throw wrong(place, line, 'is no line of the form NAME=value')
    const value = valueAt(rest, start + match[0].length, { place, line })
    found.push({ name: match[1], value: value.text, line })
    line += rest.slice(at, value.end).split('\n').length
    at = value.end + 1
  }
  return found
}

interface Place {
  readonly place: string
  readonly line: number
}

interface Value {
  readonly text: string
  /** Position of the end of its last line. */
  readonly end: number
}

function valueAt(text: string, at: number, where: Place): Value {
  const quote = text[at]
  if (quote === '"' || quote === "'") return quoted(text, at, where)
  const end = endOfLine(text, at)
  // A `#` inside a value, as in a URL, is part of it.
  return {
    text: text
      .slice(at, end)
      .replace(/(^|[ \t]+)#.*$/, '')
      .trim(),
    end,
  }
}

function quoted(text: string, at: number, { place, line }: Place): Value {
  const quote = text[at]
  let value = ''
  for (let index = at + 1; index < text.length; index += 1) {
    const character = text[index] ?? ''
    if (character === quote) return { text: value, end: closed(text, index, { place, line }) }
    const escaped = quote === '"' && character === '\\'
    if (escaped) index += 1
    value += escaped ? unescaped(text[index]) : character
  }
  throw wrong(place, line, 'has a quote that is not closed')
}

const unescaped = (character = ''): string => ESCAPES[character] ?? `\\${character}`

/** End of the line of a closing quote, behind which only a comment may stand. */
function closed(text: string, quote: number, { place, line }: Place): number {
  const end = endOfLine(text, quote)
  if (/^[ \t]*(#.*)?$/.test(text.slice(quote + 1, end))) return end
  throw wrong(place, line, 'has text behind the closing quote')
}

function endOfLine(text: string, at: number): number {
  const end = text.indexOf('\n', at)
  return end < 0 ? text.length : end
}

function wrong(place: string, line: number, what: string): UsageError {
  return new UsageError('SecretsFileLine', `${place}:${line} ${what}`)
}
