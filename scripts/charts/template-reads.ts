/** Keys from the root of a chart's values. */
export type Keys = readonly string[]

/** How templates use the values of a chart. */
export interface Reads {
  /** Paths that some template reads, by whatever means. */
  readonly read: readonly Keys[]
  /** Paths whose whole content goes into the output or is looped over: any key may stand below them. */
  readonly whole: readonly Keys[]
}

/** What `.` means inside a block; undefined: something else than a value of the chart. */
type Dot = Keys | undefined

interface Block {
  /** In `else`, as before the block. */
  readonly outer: Dot
  readonly dot: Dot
}

/** Functions that put the whole of a value into the output, or walk over its keys. */
const WHOLE = /\b(toYaml|toYamlPretty|toJson|tpl|merge|mergeOverwrite|keys|concat|range|deepCopy|fromYaml)\b/
const ACTION = /\{\{-?\s*(\/\*[\s\S]*?\*\/|[\s\S]*?)\s*-?\}\}/g
const OPENS = /^(if|with|range|define|block)\b/

/**
 * Paths of `.Values` in the text of a template. Follows `with`, variables and `index` with literal keys; a static look,
 * so what a template puts together at run time is not seen.
 */
export function templateReads(text: string): Reads {
  const read: Keys[] = []
  const whole: Keys[] = []
  const variables = new Map<string, Keys>()
  const blocks: Block[] = []
  const dot = (): Dot => blocks.at(-1)?.dot
  for (const [, action = ''] of text.matchAll(ACTION)) {
    if (action.startsWith('/*')) continue
    const used = operands(action, dot(), variables)
    read.push(...used)
    if (WHOLE.test(action)) whole.push(...used)
    const assigned = /^\$(\w+)\s*:?=\s*([\s\S]+)$/.exec(action)
    const [only] = used
    if (assigned?.[1] !== undefined && used.length === 1 && only !== undefined) variables.set(assigned[1], only)
    follow(action, used, { blocks, dot: dot() })
  }
  return { read, whole }
}

function follow(
  action: string,
  used: readonly Keys[],
  { blocks, dot }: { readonly blocks: Block[]; readonly dot: Dot },
): void {
  const opened = OPENS.exec(action)?.[1]
  if (opened !== undefined) blocks.push({ outer: dot, dot: dotInside(opened, action, used, dot) })
  else if (/^else with\b/.test(action)) replaceTop(blocks, used.length === 1 ? used[0] : undefined)
  else if (/^else\b/.test(action)) replaceTop(blocks, blocks.at(-1)?.outer)
  else if (/^end\b/.test(action)) blocks.pop()
}

function dotInside(opened: string, action: string, used: readonly Keys[], dot: Dot): Dot {
  if (opened === 'if') return dot
  // The elements of a list or mapping, or what the caller passed, are no fixed path.
  if (opened !== 'with') return undefined
  return /^with\s+(\$\w+\s*:=\s*)?[$.\w"()\s-]+$/.test(action) && used.length === 1 ? used[0] : undefined
}

function replaceTop(blocks: Block[], dot: Dot): void {
  const top = blocks.pop()
  if (top) blocks.push({ outer: top.outer, dot })
}

/** Paths that an action names. */
function operands(action: string, dot: Dot, variables: ReadonlyMap<string, Keys>): readonly Keys[] {
  const text = action.replace(/`[^`]*`/g, '``')
  const found: Keys[] = []
  const index = /\bindex\s+(\S+)((?:\s+"[^"]+")+)/g
  for (const [, from = '', keys = ''] of text.matchAll(index)) {
    const base = resolve(from, dot, variables)
    if (base) found.push([...base, ...[...keys.matchAll(/"([^"]+)"/g)].map(([, key]) => key ?? '')])
  }
  const bare = text.replace(index, ' ').replace(/"(?:\\.|[^"\\])*"/g, '""')
  for (const [, token = ''] of bare.matchAll(/(?:^|[\s(|,=])(\$?[\w]*(?:\.[\w]+)+|\$\w+|\.)(?=$|[\s)|,])/g)) {
    const path = resolve(token, dot, variables)
    if (path && path.length > 0) found.push(path)
  }
  return found
}

function resolve(token: string, dot: Dot, variables: ReadonlyMap<string, Keys>): Keys | undefined {
  const parts = token.split('.')
  const at = parts.indexOf('Values')
  if (at >= 0) return parts.slice(at + 1)
  const [head = '', ...rest] = parts
  const keys = rest.filter((part) => part !== '')
  if (head === '') return dot === undefined ? undefined : [...dot, ...keys]
  const variable = head.startsWith('$') ? variables.get(head.slice(1)) : undefined
  return variable === undefined ? undefined : [...variable, ...keys]
}
