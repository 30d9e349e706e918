import { readFile } from 'node:fs/promises'
import { join } from 'node:path'
import { writePrivate } from '../operators/credentials.ts'

/** What the runtime last saw of one Pod. */
export interface PodReport {
  readonly namespace: string
  readonly name: string
  readonly ready: boolean
  readonly containers: readonly {
    readonly name: string
    /** The real program, e.g. `LiteLLM 1.104.2`; absent where the container is simulated. */
    readonly program?: string | undefined
    /** Why it is simulated though its program is there. */
    readonly lack?: string | undefined
    /** What the Pod asks for, whose place the program takes. */
    readonly image: string
    readonly ready: boolean
    readonly restarts: number
    /** Why it does not run. */
    readonly reason?: string | undefined
  }[]
}

export interface RuntimeStatus {
  /** ISO time of the last look. */
  readonly at: string
  /** Why the cluster could not be looked at. */
  readonly problem?: string | undefined
  readonly pods: readonly PodReport[]
  /** Replicas of the same workloads, which have no processes of their own, as `namespace/name`. */
  readonly replicas: readonly string[]
  /** Service ports that could not be opened, and why. */
  readonly closed: readonly string[]
}

const file = (dir: string): string => join(dir, 'runtime', 'status.json')

export async function writeStatus(dir: string, status: RuntimeStatus): Promise<void> {
  await writePrivate(file(dir), JSON.stringify(status))
}

/** The last status, or undefined when none was written yet. */
export async function readStatus(dir: string): Promise<RuntimeStatus | undefined> {
  const text = await readFile(file(dir), 'utf8').catch(() => undefined)
  return text === undefined ? undefined : (JSON.parse(text) as RuntimeStatus)
}
