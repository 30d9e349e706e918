import { execFile } from 'node:child_process'
import { constants } from 'node:os'
import { promisify } from 'node:util'
import { beforeEach, describe, expect, test } from 'vitest'
import { useDeployedSandbox } from './world/deployed.ts'
import { LLMGW } from './world/llmgw.ts'
import { openTerminal, type Terminal } from './world/terminal.ts'

const NAME = 'e2e-terminal'
const sandbox = useDeployedSandbox(NAME, { deploy: false })
const ci = { INTERACTIVE_MODE: 'false' }
const CTRL_C = '\u0003'

function deploy(columns = 100): Terminal {
  return openTerminal([process.execPath, LLMGW, 'deploy', 'all', '--yes', ...sandbox.flags], {
    env: { ...sandbox.env, TERM: 'xterm-256color' },
    columns,
  })
}

/** Processes of helm that work on this sandbox. */
async function helmProcesses(): Promise<readonly string[]> {
  const { stdout } = await promisify(execFile)('ps', ['-eo', 'pid,args'])
  return stdout
    .split('\n')
    .filter((line) => /\bhelm (upgrade|uninstall)\b/.test(line) && line.includes(sandbox.connection.dir))
}

async function wipe(): Promise<void> {
  const gone = await sandbox.run('destroy all --yes --confirm llmgw --purge-secrets')
  expect(gone.code, gone.output).toBe(0)
}

async function expectConverges(): Promise<void> {
  const again = await sandbox.run('deploy all', ci)
  expect(again.code, again.output).toBe(0)
  expect((await sandbox.run('plan --exit-code')).code).toBe(0)
}

/** Exit status that `run-in-terminal.py` makes of a death by signal. */
const endedBy = (signal: NodeJS.Signals): number => 256 - constants.signals[signal]

/** A row of the tree: an icon, then words. */
const isRow = (line: string): boolean => /^\s*[^\w\s] \w/.test(line)

describe.sequential('a run in a terminal', () => {
  beforeEach(wipe)

  test('is drawn within the width that the terminal has now, and ends well', async () => {
    const terminal = deploy(160)
    await terminal.until(/helm upgrade/)
    terminal.resize(40, 40)
    // Nothing is cut off at 160 columns, and much at 40.
    await terminal.until(/›[^\n]+…/)
    const before = terminal.text().length
    expect(await terminal.exited, terminal.text()).toBe(0)
    const rows = terminal.text().slice(before).split(/\r?\n/).slice(1).filter(isRow)
    expect(rows.length).toBeGreaterThan(0)
    expect(Math.max(...rows.map((line) => line.length))).toBeLessThanOrEqual(40)
  })

  test('Ctrl-C once waits for a safe point, ends with 130 and leaves no helm behind', async () => {
    const terminal = deploy()
    await terminal.until(/helm upgrade/)
    terminal.type(CTRL_C)
    await terminal.until(/waiting for changes under way to reach a safe point/)
    expect(await terminal.exited, terminal.text()).toBe(130)
    expect(terminal.text()).toMatch(/go on with: llmgw --sandbox=e2e-terminal --config \S+ deploy all/)
    expect(await helmProcesses()).toEqual([])
    await expectConverges()
  })

  test('Ctrl-C twice ends at once, and the next run converges', async () => {
    const terminal = deploy()
    await terminal.until(/helm upgrade/)
    terminal.type(CTRL_C)
    await terminal.until(/safe point/)
    terminal.type(CTRL_C)
    // The second one may come when all is over: then it ends what is left of the process.
    expect([130, endedBy('SIGINT')], terminal.text()).toContain(await terminal.exited)
    expect(await helmProcesses()).toEqual([])
    await expectConverges()
  })

  test('a closed terminal stops it like SIGTERM: no orphan, and the next run converges', async () => {
    const terminal = deploy()
    await terminal.until(/helm upgrade/)
    terminal.hangUp()
    expect(await terminal.exited).toBe(endedBy('SIGHUP'))
    expect(await helmProcesses()).toEqual([])
    await expectConverges()
  })
})
