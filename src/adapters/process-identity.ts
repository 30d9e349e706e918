import { createHash } from 'node:crypto'
import { readdir, readFile, readlink } from 'node:fs/promises'
import { hostname } from 'node:os'
import { execa } from 'execa'

/** A process that cannot be confused with a later one of the same pid. */
export interface ProcessIdentity {
  readonly pid: number
  /** Clock ticks since boot on Linux (proc_pid_stat(5), field 22), else what `ps -o lstart` says, as hex digits. */
  readonly startTime: string
}

async function startTimeByPs(pid: number): Promise<string | undefined> {
  const { stdout, exitCode } = await execa('ps', ['-o', 'lstart=', '-p', String(pid)], { reject: false })
  return exitCode === 0 && stdout.trim() !== '' ? Buffer.from(stdout.trim()).toString('hex') : undefined
}

/**
 * Whether a process has ended, by the fields of its stat behind the command name. One whose first thread is a zombie
 * while others are still ending holds its ports until the last of them is gone. Source: proc_pid_stat(5), fields 3 and 20.
 */
function isOver(fields: readonly string[]): boolean {
  const [state = ''] = fields
  return state === 'X' || (state === 'Z' && Number(fields[17]) <= 1)
}

/** The live process of this pid, or undefined when there is none; a zombie counts as none. */
export async function identify(pid: number): Promise<ProcessIdentity | undefined> {
  if (process.platform !== 'linux') {
    const startTime = await startTimeByPs(pid)
    return startTime === undefined ? undefined : { pid, startTime }
  }
  const stat = await readFile(`/proc/${pid}/stat`, 'utf8').catch(() => undefined)
  // The command name is in parentheses and may itself hold spaces and parentheses.
  const fields = stat?.slice(stat.lastIndexOf(')') + 2).split(' ')
  const startTime = fields?.[19]
  if (startTime === undefined || fields === undefined || isOver(fields)) return undefined
  return { pid, startTime }
}

/** Whether exactly this process still runs. */
export async function isAlive(one: ProcessIdentity): Promise<boolean> {
  return (await identify(one.pid))?.startTime === one.startTime
}

/** The live process of this pid, when its environment carries `mark` (`NAME=value`). */
export async function identifyMarked(pid: number, mark: string): Promise<ProcessIdentity | undefined> {
  const environment = await readFile(`/proc/${pid}/environ`, 'utf8').catch(() => '')
  return environment.split('\0').includes(mark) ? await identify(pid) : undefined
}

/** Live processes whose environment carries `mark` (`NAME=value`); none where the system does not show environments. */
export async function findMarked(mark: string): Promise<readonly ProcessIdentity[]> {
  const entries = await readdir('/proc').catch(() => [])
  const pids = entries.filter((entry) => /^\d+$/.test(entry)).map(Number)
  const found = await Promise.all(pids.map((pid) => identifyMarked(pid, mark)))
  return found.filter((one) => one !== undefined)
}

/**
 * Names this host, boot and process table: pids of two containers, or from before a reboot, are never compared.
 * Twelve hex digits.
 */
export async function hostId(): Promise<string> {
  const boot = await readFile('/proc/sys/kernel/random/boot_id', 'utf8').catch(() => '')
  const pids = await readlink('/proc/self/ns/pid').catch(() => '')
  return createHash('sha256').update([hostname(), boot.trim(), pids].join('\n')).digest('hex').slice(0, 12)
}
