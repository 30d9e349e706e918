import { afterAll, beforeAll, inject } from 'vitest'
import { down, type SandboxConnection, up } from '../src/sandbox/index.ts'

export interface SandboxUnderTest {
  /** How to reach it; only inside tests and hooks. */
  readonly connection: SandboxConnection
  /** Environment for commands under test: they find the same sandbox by its name. */
  readonly shell: Readonly<Record<string, string | undefined>>
}

export interface SandboxDemand {
  /**
   * Absent: the one sandbox that all files of a run share (files run one after the other), ended when the run ends.
   * A test that breaks things, or needs an empty cluster, names its own; it is ended after the file.
   */
  readonly own?: string
  /** `process`: real programs behind pods; only with a sandbox of its own. Absent: all are simulated. */
  readonly runtime?: 'process'
}

/** Where the sandboxes of this run take their charts from: `stand-in`, or the folder given to `npm run test:charts`. */
export function sandboxCharts(): string {
  return process.env.LLMGW_SANDBOX_CHARTS || 'stand-in'
}

/** Environment in which this run's sandboxes are found; tools come from the user's cache, charts never from outside. */
export function sandboxShell(): Readonly<Record<string, string | undefined>> {
  return {
    LLMGW_SANDBOX_TOOLS: 'build',
    LLMGW_SANDBOX_RUNTIME: 'simulated',
    ...process.env,
    LLMGW_SANDBOX_CHARTS: sandboxCharts(),
    XDG_STATE_HOME: inject('sandboxStateHome'),
  }
}

const silent = (): void => undefined

/**
 * A running sandbox for the tests of this file (call it at the top of a file or `describe`). Use names of your own in
 * the shared one: what another file made is still there.
 */
export function useSandbox({ own, runtime }: SandboxDemand = {}): SandboxUnderTest {
  const name = own ?? 'shared'
  let connection: SandboxConnection | undefined
  beforeAll(async () => {
    connection = await up({ name, runtime, shell: sandboxShell() }, silent, new AbortController().signal)
  })
  afterAll(async () => {
    if (own !== undefined) await down({ name, shell: sandboxShell() }, silent, new AbortController().signal)
  })
  return {
    get connection() {
      if (connection === undefined) throw new Error('the sandbox is only there inside tests and hooks')
      return connection
    },
    get shell() {
      return sandboxShell()
    },
  }
}
