import { mkdtemp, readdir, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import type { TestProject } from 'vitest/node'
import { down } from '../src/sandbox/index.ts'

declare module 'vitest' {
  interface ProvidedContext {
    /** XDG_STATE_HOME of every sandbox of this test run. */
    sandboxStateHome: string
  }
}

const PREFIX = 'llmgw-test-'

/** Gives the run a state folder of its own, and ends every sandbox in it when the run is over, whatever its result. */
export async function setup(project: TestProject): Promise<() => Promise<void>> {
  await sweepDeadRuns()
  const stateHome = await mkdtemp(join(tmpdir(), `${PREFIX}${process.pid}-`))
  project.provide('sandboxStateHome', stateHome)
  return async () => await endAll(stateHome)
}

/** A run that was killed could not end its sandboxes. */
async function sweepDeadRuns(): Promise<void> {
  for (const entry of await readdir(tmpdir())) {
    const pid = new RegExp(`^${PREFIX}(\\d+)-`).exec(entry)?.[1]
    if (pid !== undefined && !isRunning(Number(pid))) await endAll(join(tmpdir(), entry))
  }
}

function isRunning(pid: number): boolean {
  try {
    process.kill(pid, 0)
    return true
  } catch (error) {
    return (error as NodeJS.ErrnoException).code === 'EPERM'
  }
}

async function endAll(stateHome: string): Promise<void> {
  const names = await readdir(join(stateHome, 'llmgw', 'sandboxes')).catch(() => [])
  const shell = { ...process.env, XDG_STATE_HOME: stateHome }
  for (const name of names.filter((entry) => !entry.startsWith('.'))) {
    await down({ name, shell }, () => undefined, new AbortController().signal)
  }
  await rm(stateHome, { recursive: true, force: true })
}
