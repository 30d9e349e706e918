import { readFile } from 'node:fs/promises'
import { setTimeout as sleep } from 'node:timers/promises'
import { PreflightError } from '../../errors.ts'
import type { SandboxWorld } from '../part.ts'
import { logFile, processState } from '../process.ts'

const START_DEADLINE_MS = 30_000
const POLL_MS = 50

interface Waiting {
  /** Name of the process. */
  readonly name: string
  /** Milliseconds since the epoch. */
  readonly since: number
  /** ISO time at which it last wrote its status. */
  readonly at: () => Promise<string | undefined>
  readonly signal: AbortSignal
}

/** Resolves when the process has looked at the cluster once. @throws PreflightError with its last line when it ended or hangs */
export async function untilWritten(world: SandboxWorld, { name, since, at, signal }: Waiting): Promise<void> {
  const deadline = performance.now() + START_DEADLINE_MS
  for (;;) {
    const written = await at()
    if (written !== undefined && Date.parse(written) >= since) return
    if ((await processState(world, name)) === undefined || performance.now() > deadline) {
      const log = await readFile(logFile(world, name), 'utf8').catch(() => '')
      throw new PreflightError('RuntimeNotStarted', `the ${name} of the sandbox did not start`, {
        hint: `llmgw sandbox logs ${name}`,
        cause: log.trim().split('\n').at(-1),
      })
    }
    await sleep(POLL_MS, undefined, { signal })
  }
}
