import { spawn } from 'node:child_process'
import { once } from 'node:events'
import { chmod, mkdir, readFile, writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import { fileURLToPath } from 'node:url'

/** What one run took. */
export interface Figures {
  readonly code: number
  readonly wallS: number
  /** User and system, of all processes of the run. */
  readonly cpuS: number
  /** Resident, of all processes of the run together; looked at ten times a second. What they share counts for each. */
  readonly peakMiB: number
  /** Resident, of the largest process of the run. */
  readonly largestMiB: number
  /** Of the tools: helm, kubectl, aws, helmfile, node. */
  readonly processes: number
  readonly output: string
  /** When a line of output first named the cause, in milliseconds since the epoch. */
  readonly namedAt?: number
}

export interface Command {
  readonly argv: readonly string[]
  readonly env: Readonly<Record<string, string>>
}

const METER = fileURLToPath(new URL('meter.py', import.meta.url))

/** A folder of shell scripts, by the name of the program in whose place they are. */
export async function writePrograms(path: string, scripts: Readonly<Record<string, string>>): Promise<void> {
  await mkdir(path, { recursive: true })
  for (const [name, script] of Object.entries(scripts)) {
    const file = join(path, name)
    await writeFile(file, `#!/bin/sh\n${script}\n`)
    await chmod(file, 0o755)
  }
}

/** A folder of programs that note each start and become the real ones. */
export async function countingTools(
  dir: string,
  tools: Readonly<Record<string, string>>,
): Promise<{ readonly path: string; count(): Promise<number> }> {
  const path = join(dir, 'bin')
  const log = join(dir, 'started')
  await writeFile(log, '')
  const noted = Object.entries(tools).map(([name, real]) => [name, `printf x >> '${log}'\nexec '${real}' "$@"`])
  await writePrograms(path, Object.fromEntries(noted))
  return { path, count: async () => (await readFile(log, 'utf8')).length }
}

/** Runs it in a process group of its own. @param onStart told how to kill all of it */
export async function measure(
  { argv, env }: Command,
  options: {
    readonly dir: string
    readonly count: () => Promise<number>
    readonly cause: RegExp
    readonly onStart?: (kill: () => void) => void
  },
): Promise<Figures> {
  const figures = join(options.dir, 'figures.json')
  const before = await options.count()
  await writeFile(figures, '{}')
  const child = spawn('python3', [METER, figures, ...argv], { env, detached: true, stdio: ['ignore', 'pipe', 'pipe'] })
  options.onStart?.(() => process.kill(-(child.pid ?? 0), 'SIGKILL'))
  let output = ''
  let namedAt: number | undefined
  for (const stream of [child.stdout, child.stderr])
    stream.setEncoding('utf8').on('data', (chunk: string) => {
      output += chunk
      if (namedAt === undefined && options.cause.test(output)) namedAt = Date.now()
    })
  const [code, signal] = (await once(child, 'close')) as [number | null, string | null]
  type Metered = Pick<Figures, 'wallS' | 'cpuS' | 'peakMiB' | 'largestMiB'>
  const measured = JSON.parse(await readFile(figures, 'utf8')) as Metered
  return {
    ...measured,
    code: code ?? (signal === null ? 1 : 137),
    processes: (await options.count()) - before,
    output,
    ...(namedAt === undefined ? {} : { namedAt }),
  }
}
