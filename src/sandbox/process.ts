import { spawn } from 'node:child_process'
import { mkdir, open, readFile, rename, rm, writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import { setTimeout as sleep } from 'node:timers/promises'
import { identify, isAlive, type ProcessIdentity } from '../adapters/process-identity.ts'
import { PreflightError } from '../errors.ts'
import { MARK } from './mark.ts'
import type { SandboxWorld } from './part.ts'

/** What a process needs of the world. */
export type ProcessHome = Pick<SandboxWorld, 'dir' | 'environment'>

export interface ProcessSpec {
  /** Unique in the sandbox; names the pid file and the log file. */
  readonly name: string
  readonly command: string
  readonly args: readonly string[]
  /** Added to `world.environment`. Never a secret of a user: it is readable in /proc. */
  readonly env: Readonly<Record<string, string>>
  readonly cwd?: string
}

const TERM_GRACE_MS = 5_000
const POLL_MS = 25

/** Where a process of this name writes its output. */
export function logFile(world: Pick<SandboxWorld, 'dir'>, name: string): string {
  return join(world.dir, 'logs', `${name}.log`)
}

const pidFile = (world: Pick<SandboxWorld, 'dir'>, name: string): string => join(world.dir, 'run', `${name}.json`)

/**
 * Starts a detached process that outlives this one and gives its pid; leaves one that already runs.
 * Output is appended to {@link logFile}. Resolves when it was started, not when it answers.
 * @throws PreflightError when the command cannot be started
 */
export async function startProcess(world: ProcessHome, spec: ProcessSpec): Promise<number> {
  const running = await processState(world, spec.name)
  if (running) return running.pid
  await mkdir(join(world.dir, 'logs'), { recursive: true, mode: 0o700 })
  await mkdir(join(world.dir, 'run'), { recursive: true, mode: 0o700 })
  const log = await open(logFile(world, spec.name), 'a', 0o600)
  try {
    const pid = await spawnDetached(world, spec, log.fd)
    const identity = await identify(pid)
    if (identity) await writeIdentity(pidFile(world, spec.name), identity)
    return pid
  } finally {
    await log.close()
  }
}

function spawnDetached(world: ProcessHome, spec: ProcessSpec, logFd: number): Promise<number> {
  return new Promise((resolve, reject) => {
    const child = spawn(spec.command, [...spec.args], {
      cwd: spec.cwd ?? world.dir,
      env: { ...world.environment, ...spec.env, [MARK]: world.dir },
      detached: true,
      stdio: ['ignore', logFd, logFd],
    })
    child.once('error', (cause) =>
      reject(new PreflightError('SandboxPartNotStarted', `${spec.name} could not be started`, { cause })),
    )
    child.once('spawn', () => {
      child.unref()
      if (child.pid !== undefined) resolve(child.pid)
    })
  })
}

async function writeIdentity(file: string, identity: ProcessIdentity): Promise<void> {
  const temporary = `${file}.${identity.pid}`
  await writeFile(temporary, JSON.stringify(identity), { mode: 0o600 })
  await rename(temporary, file)
}

async function readIdentity(file: string): Promise<ProcessIdentity | undefined> {
  const text = await readFile(file, 'utf8').catch(() => undefined)
  return text === undefined ? undefined : (JSON.parse(text) as ProcessIdentity)
}

/** The live process that was started under this name, or undefined; a reused pid is not taken for it. */
export async function processState(
  world: Pick<SandboxWorld, 'dir'>,
  name: string,
): Promise<{ readonly pid: number } | undefined> {
  const identity = await readIdentity(pidFile(world, name))
  return identity && (await isAlive(identity)) ? { pid: identity.pid } : undefined
}

/** Ends the process of this name and its group: SIGTERM, after `graceMs` SIGKILL; resolves when it is gone. */
export async function stopProcess(
  world: Pick<SandboxWorld, 'dir'>,
  name: string,
  graceMs = TERM_GRACE_MS,
): Promise<void> {
  const identity = await readIdentity(pidFile(world, name))
  if (identity) await endProcess(identity, graceMs)
  await rm(pidFile(world, name), { force: true })
}

/** Ends exactly this process (and its group, when it leads one) and waits until it is gone. */
export async function endProcess(identity: ProcessIdentity, graceMs = TERM_GRACE_MS): Promise<void> {
  for (const signal of ['SIGTERM', 'SIGKILL'] as const) {
    if (!(await isAlive(identity))) return
    send(identity.pid, signal)
    const deadline = performance.now() + graceMs
    while (performance.now() < deadline && (await isAlive(identity))) await sleep(POLL_MS)
  }
}

function send(pid: number, signal: NodeJS.Signals): void {
  for (const target of [-pid, pid]) {
    try {
      process.kill(target, signal)
      return
    } catch {
      // ESRCH: it leads no group, or it ended meanwhile; the caller looks again.
    }
  }
}
