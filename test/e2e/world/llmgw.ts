import { type ChildProcess, spawn } from 'node:child_process'
import { once } from 'node:events'
import { mkdtemp, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { fileURLToPath } from 'node:url'
import { afterAll } from 'vitest'

export const LLMGW = fileURLToPath(new URL('../../../bin/llmgw.js', import.meta.url))

export interface Ended {
  readonly code: number | null
  readonly signal: NodeJS.Signals | null
  readonly stdout: string
  readonly stderr: string
  /** Both, as they came. */
  readonly output: string
}

export interface RunOptions {
  readonly env: Readonly<Record<string, string | undefined>>
  readonly cwd?: string
  readonly input?: string
  /** A command that becomes the program, e.g. one that takes something away from it first. */
  readonly prefix?: readonly string[]
  /** Called with the process as soon as it runs. */
  readonly started?: (child: ChildProcess) => void
}

/** Runs the built program as a user does, with standard input closed unless `input` is given. */
export async function llmgw(args: readonly string[], options: RunOptions): Promise<Ended> {
  const [command = '', ...words] = [...(options.prefix ?? []), process.execPath, LLMGW, ...args]
  const child = spawn(command, words, {
    env: options.env as NodeJS.ProcessEnv,
    ...(options.cwd === undefined ? {} : { cwd: options.cwd }),
    stdio: ['pipe', 'pipe', 'pipe'],
  })
  let stdout = ''
  let stderr = ''
  let output = ''
  child.stdout.setEncoding('utf8').on('data', (chunk: string) => {
    stdout += chunk
    output += chunk
  })
  child.stderr.setEncoding('utf8').on('data', (chunk: string) => {
    stderr += chunk
    output += chunk
  })
  child.stdin.on('error', () => undefined).end(options.input ?? '')
  options.started?.(child)
  const [code, signal] = await once(child, 'close')
  return { code, signal, stdout, stderr, output }
}

/** A fresh HOME for the tests of a file, without anything of the machine's user in it; gone afterwards. */
export function useHome(): () => Promise<string> {
  let home: Promise<string> | undefined
  afterAll(async () => {
    if (home) await rm(await home, { recursive: true, force: true })
  })
  return () => (home ??= mkdtemp(join(tmpdir(), 'llmgw-home-')))
}

/** The environment of a user with this HOME: tools and caches are found, nothing else of ours or of AWS's is set. */
export function userEnvironment(
  shell: Readonly<Record<string, string | undefined>>,
  home: string,
): Record<string, string | undefined> {
  const { PATH, XDG_STATE_HOME, LLMGW_SANDBOX_CHARTS, LLMGW_SANDBOX_TOOLS, LANG } = shell
  const cacheHome = shell.XDG_CACHE_HOME ?? join(shell.HOME ?? '', '.cache')
  return {
    PATH,
    LANG,
    HOME: home,
    XDG_STATE_HOME,
    XDG_CACHE_HOME: cacheHome,
    LLMGW_SANDBOX_CHARTS,
    LLMGW_SANDBOX_TOOLS,
  }
}
