import { link, mkdir, readFile, rm, writeFile } from 'node:fs/promises'
import { dirname } from 'node:path'
import { setTimeout as sleep } from 'node:timers/promises'
import { identify, isAlive, type ProcessIdentity } from '../adapters/process-identity.ts'

const POLL_MS = 100

export interface LockOptions {
  readonly file: string
  readonly signal: AbortSignal
  /** Called once, when somebody else holds the lock. */
  readonly onWait: (pid: number) => void
}

/** Runs `action` while this process holds the lock file; a lock whose holder died is taken over. */
export async function withLock<T>(options: LockOptions, action: () => Promise<T>): Promise<T> {
  await mkdir(dirname(options.file), { recursive: true, mode: 0o700 })
  const claim = `${options.file}.${process.pid}.${Math.random().toString(36).slice(2)}`
  await writeFile(claim, JSON.stringify(await identify(process.pid)), { mode: 0o600 })
  try {
    let told = false
    while (!(await tryLink(claim, options.file))) {
      options.signal.throwIfAborted()
      const holder = await readHolder(options.file)
      if (holder !== undefined && !(await isAlive(holder))) {
        await rm(options.file, { force: true })
        continue
      }
      if (holder !== undefined && !told) options.onWait(holder.pid)
      told = true
      await sleep(POLL_MS, undefined, { signal: options.signal })
    }
    try {
      return await action()
    } finally {
      await rm(options.file, { force: true })
    }
  } finally {
    await rm(claim, { force: true })
  }
}

/** A hard link appears whole or not at all, so that nobody reads a half-written holder. */
async function tryLink(claim: string, file: string): Promise<boolean> {
  try {
    await link(claim, file)
    return true
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code === 'EEXIST') return false
    throw error
  }
}

async function readHolder(file: string): Promise<ProcessIdentity | undefined> {
  const text = await readFile(file, 'utf8').catch(() => undefined)
  return text === undefined ? undefined : (JSON.parse(text) as ProcessIdentity)
}
