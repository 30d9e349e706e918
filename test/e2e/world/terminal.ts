import { type ChildProcessWithoutNullStreams, spawn } from 'node:child_process'
import { once } from 'node:events'
import type { Writable } from 'node:stream'
import { fileURLToPath } from 'node:url'
import { stripVTControlCharacters } from 'node:util'

const RUN_IN_TERMINAL = fileURLToPath(new URL('run-in-terminal.py', import.meta.url))

interface TerminalOptions {
  readonly columns?: number
  readonly rows?: number
  readonly env?: NodeJS.ProcessEnv
  readonly cwd?: string
}

/** A program in a real pseudo-terminal, driven key by key. */
export interface Terminal {
  /** All that was written so far, without control sequences. */
  text(): string
  /** Everything as written, control sequences included. */
  raw(): string
  /** Resolves when `pattern` has been written after the last match; rejects with the screen after the deadline or at the program's end. */
  until(pattern: RegExp, deadlineMs?: number): Promise<string>
  type(keys: string): void
  resize(columns: number, rows: number): void
  /** Takes keyboard and screen away, as closing the window does. */
  hangUp(): void
  /** Exit status, when the program has ended. */
  exited: Promise<number>
}

/** Starts `command` in a pseudo-terminal of its own. */
export function openTerminal(command: readonly string[], options: TerminalOptions = {}): Terminal {
  const { columns = 100, rows = 40, env = process.env, cwd } = options
  const child = spawn('python3', [RUN_IN_TERMINAL, String(columns), String(rows), ...command], {
    env,
    ...(cwd === undefined ? {} : { cwd }),
    stdio: ['pipe', 'pipe', 'inherit', 'pipe'],
  }) as ChildProcessWithoutNullStreams
  let screen = ''
  let consumed = 0
  child.stdout.setEncoding('utf8').on('data', (chunk: string) => {
    screen += chunk
    child.emit('screen')
  })
  const exited = once(child, 'close').then(([code]) => Number(code))
  let ended = false
  void exited.then(() => {
    ended = true
    child.emit('screen')
  })
  const text = (): string => stripVTControlCharacters(screen)

  const find = (pattern: RegExp): string | undefined => {
    const match = pattern.exec(text().slice(consumed))
    if (match) consumed += match.index + match[0].length
    return match?.[0]
  }
  const until = async (pattern: RegExp, deadlineMs = 60_000): Promise<string> => {
    const deadline = AbortSignal.timeout(deadlineMs)
    let found = find(pattern)
    while (found === undefined) {
      if (ended) throw new Error(`the program ended before ${pattern} was written:\n${text()}`)
      if (deadline.aborted) throw new Error(`the deadline passed before ${pattern} was written:\n${text()}`)
      await once(child, 'screen', { signal: deadline }).catch(() => undefined)
      found = find(pattern)
    }
    return found
  }

  return {
    text,
    raw: () => screen,
    until,
    type: (keys) => child.stdin.write(keys),
    resize: (toColumns, toRows) => (child.stdio[3] as Writable).write(`${toColumns} ${toRows}\n`),
    hangUp: () => child.stdin.end(),
    exited,
  }
}
