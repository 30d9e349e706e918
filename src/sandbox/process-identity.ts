import { readdir, readFile } from 'node:fs/promises'

/** Environment variable by which {@link findMarked} recognises every process of a sandbox; its value is the sandbox's folder. */
export const MARK = 'LLMGW_SANDBOX_DIR'

/** A process that cannot be confused with a later one of the same pid. */
export interface ProcessIdentity {
  readonly pid: number
  /** Start time in clock ticks since boot. Source: proc_pid_stat(5), field 22. */
  readonly startTime: string
}

/** The live process of this pid, or undefined when there is none; a zombie counts as none. */
export async function identify(pid: number): Promise<ProcessIdentity | undefined> {
  const stat = await readFile(`/proc/${pid}/stat`, 'utf8').catch(() => undefined)
  if (stat === undefined) return undefined
  // The command name is in parentheses and may itself hold spaces and parentheses.
  const fields = stat.slice(stat.lastIndexOf(')') + 2).split(' ')
  const [state] = fields
  const startTime = fields[19]
  if (startTime === undefined || state === 'Z' || state === 'X') return undefined
  return { pid, startTime }
}

/** Whether exactly this process still runs. */
export async function isAlive(process: ProcessIdentity): Promise<boolean> {
  return (await identify(process.pid))?.startTime === process.startTime
}

/** The live process of this pid, when it belongs to the sandbox in this folder. */
export async function identifyMarked(pid: number, dir: string): Promise<ProcessIdentity | undefined> {
  const environment = await readFile(`/proc/${pid}/environ`, 'utf8').catch(() => '')
  return environment.split('\0').includes(`${MARK}=${dir}`) ? await identify(pid) : undefined
}

/** Live processes whose environment carries {@link MARK} with this folder: also those whose pid file was lost. */
export async function findMarked(dir: string): Promise<readonly ProcessIdentity[]> {
  const pids = (await readdir('/proc')).filter((entry) => /^\d+$/.test(entry)).map(Number)
  const found = await Promise.all(pids.map((pid) => identifyMarked(pid, dir)))
  return found.filter((process) => process !== undefined)
}
