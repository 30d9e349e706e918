import { readFile } from 'node:fs/promises'
import { join } from 'node:path'
import { writePrivate } from './credentials.ts'

/** What the supervisor last saw of one Deployment and the process behind it. */
export interface OperatorStatus {
  /** Of the operator, e.g. `gatekeeper`. */
  readonly tool: string
  readonly role: string
  readonly namespace: string
  /** Name under which the process was started. */
  readonly process: string
  readonly chart?: string | undefined
  readonly image?: string | undefined
  readonly ready: boolean
  /** What it waits for, or the last line of a process that ended. */
  readonly reason?: string | undefined
  readonly restarts: number
  readonly probeUrl?: string | undefined
  /** `127.96.1.2:443` */
  readonly forward?: string | undefined
  /** Flags of the chart that this version of the controller does not have. */
  readonly unknownFlags: readonly string[]
}

export interface SupervisorStatus {
  /** ISO time of the last look. */
  readonly at: string
  /** Why the cluster could not be looked at; then the rest is what was last seen. */
  readonly problem?: string | undefined
  readonly operators: readonly OperatorStatus[]
}

const file = (dir: string): string => join(dir, 'operators', 'status.json')

export async function writeStatus(dir: string, status: SupervisorStatus): Promise<void> {
  await writePrivate(file(dir), JSON.stringify(status))
}

/** The last status, or undefined when none was written yet. */
export async function readStatus(dir: string): Promise<SupervisorStatus | undefined> {
  const text = await readFile(file(dir), 'utf8').catch(() => undefined)
  return text === undefined ? undefined : (JSON.parse(text) as SupervisorStatus)
}
