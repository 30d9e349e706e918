/** One member of a JSON object. */
export interface Entry {
  readonly name: string
  /** Its value as it is written: what nobody asks for is never parsed and written anew. */
  readonly raw: string
}

const TOKEN = /"[^"\\]*(?:\\.[^"\\]*)*"|[{}[\]:,]|[^\s"{}[\]:,]+/g

const NESTING: Readonly<Record<string, number>> = { '{': 1, '[': 1, '}': -1, ']': -1 }

interface Mark {
  readonly token: string
  readonly index: number
}

/** Members of the object that a text holds, in their order; undefined when it holds none. */
export function entriesOf(text: string): readonly Entry[] | undefined {
  if (!isObject(text)) return undefined
  const entries: Entry[] = []
  let member: Mark[] = []
  for (const mark of outermost(text)) {
    member.push(mark)
    if (mark.token !== ',' && mark.token !== '}') continue
    const [name, colon] = member
    if (name !== undefined && colon !== undefined)
      entries.push({ name: JSON.parse(name.token) as string, raw: text.slice(colon.index + 1, mark.index).trim() })
    member = []
  }
  return entries
}

/** Tokens of the object itself, none of what is nested in it, up to the brace that ends it. */
function* outermost(text: string): Generator<Mark> {
  let depth = 0
  for (const { 0: token, index } of text.matchAll(TOKEN)) {
    const step = NESTING[token]
    depth += step ?? 0
    if (step === undefined ? depth === 1 : depth === 0) yield { token, index }
  }
}

function isObject(text: string): boolean {
  try {
    const value: unknown = JSON.parse(text)
    return typeof value === 'object' && value !== null && !Array.isArray(value)
  } catch {
    return false
  }
}

/** The text of an object with these members. */
export function textOf(entries: readonly Entry[]): string {
  return `{${entries.map(({ name, raw }) => `${JSON.stringify(name)}:${raw}`).join(',')}}`
}
