import { mkdir, readdir, readFile, rename, rm, writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import * as z from 'zod'
import type { Clock } from '../../ports/world.ts'
import { findMarked, identify, isAlive, type ProcessIdentity } from '../process-identity.ts'
import { runState } from '../run-id.ts'

/** Environment variable that marks a helm process with the id of its call, in case its pid was never noted. */
const MARK = 'LLMGW_HELM_CALL'
/** An orphan that is about to end may do so. */
const PATIENCE_MS = 5_000
/** After SIGTERM helm marks its revision failed. */
const GRACE_MS = 10_000
const LOOK_AGAIN_MS = 200

const callSchema = z.object({
  id: z.string(),
  run: z.string(),
  /** `namespace/name` */
  release: z.string(),
  process: z.object({ pid: z.number(), startTime: z.string() }).optional(),
})
type Call = z.infer<typeof callSchema>

/** Notes which helm processes run, in files that outlive us, so that a later run finds those that a dead one left. */
export interface HelmCalls {
  /** Notes a call for as long as `work` takes. */
  track<T>(
    release: string,
    work: (call: {
      readonly env: Readonly<Record<string, string>>
      readonly started: (pid: number) => Promise<void>
    }) => Promise<T>,
  ): Promise<T>
  /** Waits for, or ends, helm processes of dead runs that work on this release. True when a dead run left one or a note of one. */
  endOrphans(release: string, report: (line: string) => void, signal: AbortSignal): Promise<boolean>
}

/** @param options.dir folder that is the same for all runs of this user */
export function createHelmCalls(options: {
  readonly dir: string
  readonly run: string
  readonly clock: Clock
}): HelmCalls {
  const { dir, run, clock } = options
  let count = 0
  const fileOf = (id: string): string => join(dir, `${id}.json`)

  const write = async (call: Call): Promise<void> => {
    await mkdir(dir, { recursive: true, mode: 0o700 })
    await writeFile(`${fileOf(call.id)}.new`, JSON.stringify(call), { mode: 0o600 })
    await rename(`${fileOf(call.id)}.new`, fileOf(call.id))
  }

  return {
    async track(release, work) {
      count += 1
      const call = { id: `${run}.${count}`, run, release }
      await write(call)
      try {
        return await work({
          env: { [MARK]: call.id },
          async started(pid) {
            const identity = await identify(pid)
            if (identity !== undefined) await write({ ...call, process: identity })
          },
        })
      } finally {
        await rm(fileOf(call.id), { force: true })
      }
    },

    async endOrphans(release, report, signal) {
      const left = (await readCalls(dir)).filter((call) => call.release === release)
      let found = false
      for (const call of left) {
        if ((await runState(call.run)) !== 'dead') continue
        found = true
        for (const orphan of await processesOf(call)) {
          report(`waiting for helm (pid ${orphan.pid}) that a killed run left working on ${release}`)
          await end(orphan, { clock, signal })
        }
        await rm(fileOf(call.id), { force: true })
      }
      return found
    },
  }
}

async function readCalls(dir: string): Promise<readonly Call[]> {
  const names = await readdir(dir).catch(() => [])
  const calls = await Promise.all(
    names
      .filter((name) => name.endsWith('.json'))
      .map(async (name) => {
        const text = await readFile(join(dir, name), 'utf8').catch(() => '')
        return callSchema.safeParse(text === '' ? undefined : JSON.parse(text)).data
      }),
  )
  return calls.filter((call) => call !== undefined)
}

async function processesOf(call: Call): Promise<readonly ProcessIdentity[]> {
  if (call.process === undefined) return findMarked(`${MARK}=${call.id}`)
  return (await isAlive(call.process)) ? [call.process] : []
}

interface Waiting {
  readonly clock: Clock
  readonly signal: AbortSignal
}

async function endsWithin(one: ProcessIdentity, deadlineMs: number, { clock, signal }: Waiting): Promise<boolean> {
  for (const until = clock.now() + deadlineMs; clock.now() < until; await clock.sleep(LOOK_AGAIN_MS, signal)) {
    if (!(await isAlive(one))) return true
  }
  return !(await isAlive(one))
}

function send(one: ProcessIdentity, name: NodeJS.Signals): void {
  try {
    process.kill(one.pid, name)
  } catch {
    // It ended between the look and the signal.
  }
}

async function end(one: ProcessIdentity, waiting: Waiting): Promise<void> {
  if (await endsWithin(one, PATIENCE_MS, waiting)) return
  send(one, 'SIGTERM')
  if (await endsWithin(one, GRACE_MS, waiting)) return
  send(one, 'SIGKILL')
  await endsWithin(one, GRACE_MS, waiting)
}
