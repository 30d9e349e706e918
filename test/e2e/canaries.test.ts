import { readdir, readFile } from 'node:fs/promises'
import { join } from 'node:path'
import { expect, test } from 'vitest'
import { useDeployedSandbox } from './world/deployed.ts'
import { REMOTE_SECRETS } from './world/platform.ts'

const sandbox = useDeployedSandbox('e2e-canaries', { deploy: false, platform: 'whole' })
const ci = { INTERACTIVE_MODE: 'false' }

/** Values that nobody would write by chance, given as a user gives them. */
const PLANTED = {
  LLMGW_SECRET_LITELLM_DATABASE_URL: 'postgresql://canary:canary-5f1d0c77@db.invalid:5432/canary',
  LLMGW_SECRET_OIDC_CLIENT_SECRET: 'canary-secret-9b27e4aa',
}

/** Command lines of all processes of this machine, again and again until stopped. */
function watchCommandLines(): { stop(): Promise<ReadonlySet<string>> } {
  const seen = new Set<string>()
  let running = true
  const loop = (async () => {
    while (running) {
      const pids = (await readdir('/proc')).filter((entry) => /^\d+$/.test(entry))
      const lines = await Promise.all(pids.map((pid) => readFile(`/proc/${pid}/cmdline`, 'utf8').catch(() => '')))
      for (const line of lines) if (line !== '') seen.add(line.replaceAll('\0', ' '))
      await new Promise((resolve) => setTimeout(resolve, 5))
    }
  })()
  return {
    stop: async () => {
      running = false
      await loop
      return seen
    },
  }
}

async function filesBelow(dir: string): Promise<readonly string[]> {
  const entries = await readdir(dir, { recursive: true, withFileTypes: true }).catch(() => [])
  return entries.filter((entry) => entry.isFile()).map((entry) => join(entry.parentPath, entry.name))
}

/** The cluster's own database and the emulator's memory hold secrets by their nature; everything else must not. */
const HOLDS_SECRETS = /\/etcd\/|\/etcd-data\/|\/member\/(wal|snap)\//

/** What a run shows and leaves: command lines, outputs, contents of files by name. */
interface Traces {
  readonly commandLines: string
  readonly outputs: readonly string[]
  readonly files: ReadonlyMap<string, string>
}

const RUNS = [
  'deploy all --debug',
  'deploy all --output ndjson',
  'plan --output json --deep',
  'status --output json',
  'verify --output json --debug',
  'deploy all --debug --output json',
]

async function runAll(): Promise<readonly string[]> {
  const outputs: string[] = []
  for (const words of RUNS) {
    const ended = await sandbox.run(words, { ...ci, ...PLANTED })
    expect(ended.code, ended.output).toBe(0)
    outputs.push(ended.output)
  }
  // A run that fails must not tell either.
  await sandbox.at.aws.secretsManager.purge('litellm/database-url')
  return [...outputs, (await sandbox.run('plan secrets --debug', ci)).output]
}

async function liveValues(): Promise<ReadonlyMap<string, string>> {
  const found = await Promise.all(REMOTE_SECRETS.map((name) => sandbox.at.aws.secretsManager.value(name)))
  return new Map([
    ...Object.entries(PLANTED),
    ...REMOTE_SECRETS.flatMap((name, index) => {
      const value = found[index]?.value.reveal()
      return value === undefined ? [] : [[name, value] as const]
    }),
  ])
}

async function readAll(dirs: readonly string[]): Promise<ReadonlyMap<string, string>> {
  const files = (await Promise.all(dirs.map(filesBelow))).flat().filter((file) => !HOLDS_SECRETS.test(file))
  return new Map(
    await Promise.all(files.map(async (file) => [file, await readFile(file, 'utf8').catch(() => '')] as const)),
  )
}

/** Where any form of the value stands. */
function leaksOf(value: string, { commandLines, outputs, files }: Traces): readonly string[] {
  return [value, Buffer.from(value).toString('base64'), encodeURIComponent(value)].flatMap((form) => [
    ...(commandLines.includes(form) ? ['a command line'] : []),
    ...(outputs.some((output) => output.includes(form)) ? ['output'] : []),
    ...[...files].filter(([, content]) => content.includes(form)).map(([file]) => file),
  ])
}

test('no value is found in command lines, in output at any verbosity, or in files left behind', async () => {
  for (const name of ['litellm/database-url', 'openwebui/oidc-client-secret']) {
    await sandbox.at.aws.secretsManager.purge(name)
  }
  const watcher = watchCommandLines()
  const outputs = await runAll()
  const traces: Traces = {
    commandLines: [...(await watcher.stop())].join('\n'),
    outputs,
    files: await readAll([sandbox.env.HOME ?? '', join(sandbox.env.XDG_STATE_HOME ?? '', 'llmgw')]),
  }
  const values = await liveValues()

  // Negative controls: helm was seen, there is output, there are files, and a planted value would be found.
  expect(traces.commandLines).toMatch(/helm upgrade redis .*--install/)
  expect(outputs.every((output) => output.length > 100)).toBe(true)
  expect(traces.files.size).toBeGreaterThan(5)
  expect(values.size).toBeGreaterThan(6)
  expect(leaksOf('upgrade redis', traces)).toContain('a command line')

  const leaks = [...values].flatMap(([name, value]) => leaksOf(value, traces).map((where) => `${name} in ${where}`))
  expect(leaks).toEqual([])
})
