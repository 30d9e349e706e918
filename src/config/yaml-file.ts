import { type Document, isMap, isNode, isPair, LineCounter, type Node, parseDocument, type YAMLError } from 'yaml'
import { isTree, type Path, type Tree } from './merge.ts'
import type { Problem } from './problem.ts'
import { showText, showValue } from './show.ts'

/** A place in a file; both count from 1. */
interface Position {
  readonly line: number
  readonly column: number
}

/** The file's values, and where each of them stands. */
export interface YamlFile {
  readonly tree: Tree
  /** Of a value, or of its nearest mapping when it is not there. */
  position(path: Path): Position
  /** Of a key. */
  keyPosition(path: Path): Position
}

const LARGEST_BYTES = 1_048_576
/** Aliases may repeat values, not multiply them into memory. */
const MOST_ALIASES = 100

/** Reads YAML text; never throws: what is wrong with it comes back as problems. */
export function parseYamlFile(
  file: string,
  bytes: Uint8Array,
  example = 'apiVersion: llmgw/v1',
): YamlFile | readonly Problem[] {
  const problem = (message: string, { line, column }: Position = START): Problem[] => [{ file, line, column, message }]
  if (bytes.byteLength > LARGEST_BYTES) return problem(`is larger than 1 MiB (${bytes.byteLength} bytes)`)
  try {
    const text = new TextDecoder('utf-8', { fatal: true }).decode(bytes)
    const lines = new LineCounter()
    const document = parseDocument(text, { lineCounter: lines, prettyErrors: false, uniqueKeys: true })
    const faults = [...document.errors, ...document.warnings]
    if (faults.length > 0) return faults.map((fault) => syntaxProblem(fault, { file, lines, text }))
    const tree: unknown = document.toJS({ maxAliasCount: MOST_ALIASES })
    if (tree === null || tree === undefined) return problem(`is empty; expected at least "${example}"`)
    if (!isTree(tree)) return problem(`holds ${showValue(tree)}; expected a mapping such as "${example}"`)
    if (refersToItself(tree)) return problem('has an alias (*name) within what it stands for (&name), which never ends')
    return { tree, ...positions(document, lines) }
  } catch (error) {
    // A RangeError is the parser's stack on thousands of nested brackets; a TypeError is text that is not UTF-8.
    return problem(`cannot be read as YAML: ${showText(error instanceof Error ? error.message : String(error))}`)
  }
}

/** Whether a mapping or list is somewhere within itself. */
function refersToItself(value: unknown, above = new Set<unknown>(), known = new Set<unknown>()): boolean {
  if (typeof value !== 'object' || value === null || known.has(value)) return false
  if (above.has(value)) return true
  above.add(value)
  const found = Object.values(value).some((item) => refersToItself(item, above, known))
  above.delete(value)
  known.add(value)
  return found
}

const START: Position = { line: 1, column: 1 }

function syntaxProblem(
  fault: YAMLError,
  { file, lines, text }: { readonly file: string; readonly lines: LineCounter; readonly text: string },
): Problem {
  const { line, col } = lines.linePos(fault.pos[0])
  const isDuplicate = fault.code === 'DUPLICATE_KEY'
  // Of a key, the parser marks the first character only.
  const found = isDuplicate
    ? (/^[^\s:,{}[\]]+/.exec(text.slice(fault.pos[0], fault.pos[0] + 200))?.[0] ?? '')
    : (text.slice(fault.pos[0], fault.pos[1]).split('\n')[0] ?? '')
  const message = isDuplicate ? 'this key stands twice in its mapping' : showText(fault.message)
  const shown = found.trim() === '' ? '' : `, found "${showText(found.trim())}"`
  return { file, line: Math.max(1, line), column: Math.max(1, col), message: `${message}${shown}` }
}

function positions(document: Document, lines: LineCounter): Pick<YamlFile, 'position' | 'keyPosition'> {
  const at = (node: unknown): Position | undefined => {
    if (!isNode(node) || !node.range) return undefined
    const { line, col } = lines.linePos(node.range[0])
    return { line, column: col }
  }
  const position = (path: Path): Position => {
    for (let length = path.length; length >= 0; length -= 1) {
      const found = at(document.getIn(path.slice(0, length), true))
      if (found) return found
    }
    return START
  }
  const keyPosition = (path: Path): Position => {
    const parent = document.getIn(path.slice(0, -1), true)
    const key = String(path.at(-1))
    const pair = isMap(parent) ? parent.items.find((item) => isPair(item) && keyText(item.key) === key) : undefined
    return at(pair?.key) ?? position(path)
  }
  return { position, keyPosition }
}

function keyText(key: unknown): string {
  return isNode(key) ? String((key as Node & { readonly value?: unknown }).value) : String(key)
}
