import { mkdir, readdir, readFile, stat } from 'node:fs/promises'
import { join } from 'node:path'
import { gunzipSync } from 'node:zlib'
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

/** What others can see of processes. */
interface Processes {
  readonly commandLines: ReadonlySet<string>
  /** Of helm: what a program hands to its children. */
  readonly environments: ReadonlySet<string>
}

const procText = async (pid: string, file: string): Promise<string> =>
  (await readFile(`/proc/${pid}/${file}`, 'utf8').catch(() => '')).replaceAll('\0', ' ')

/** Command lines of all processes of this machine, and environments of helm, again and again until stopped. */
function watchProcesses(): { stop(): Promise<Processes> } {
  const commandLines = new Set<string>()
  const environments = new Set<string>()
  const look = async (pid: string): Promise<void> => {
    const line = await procText(pid, 'cmdline')
    if (line === '') return
    commandLines.add(line)
    if (/helm (upgrade|template|version)/.test(line)) environments.add(await procText(pid, 'environ'))
  }
  let running = true
  const loop = (async () => {
    while (running) {
      const pids = (await readdir('/proc')).filter((entry) => /^\d+$/.test(entry))
      await Promise.all(pids.map(look))
      await new Promise((resolve) => setTimeout(resolve, 5))
    }
  })()
  return {
    stop: async () => {
      running = false
      await loop
      return { commandLines, environments }
    },
  }
}

async function filesBelow(dir: string): Promise<readonly string[]> {
  const entries = await readdir(dir, { recursive: true, withFileTypes: true }).catch(() => [])
  return entries.filter((entry) => entry.isFile()).map((entry) => join(entry.parentPath, entry.name))
}

/** The cluster's own database and the emulator's memory hold secrets by their nature; everything else must not. */
const HOLDS_SECRETS = /\/etcd\/|\/etcd-data\/|\/member\/(wal|snap)\//

/** What a run shows and leaves: processes, outputs, contents of files by name, objects but for Secrets. */
interface Traces {
  readonly commandLines: string
  readonly environments: string
  /** Releases as helm keeps them, events, and everything that pods are made from. */
  readonly objects: string
  readonly outputs: readonly string[]
  readonly files: ReadonlyMap<string, string>
}

/** Kinds in which no value belongs. */
const OPEN_KINDS = [
  ['v1', 'Event'],
  ['v1', 'ConfigMap'],
  ['v1', 'Pod'],
  ['apps/v1', 'Deployment'],
  ['apps/v1', 'StatefulSet'],
  ['external-secrets.io/v1', 'ExternalSecret'],
  ['coordination.k8s.io/v1', 'Lease'],
] as const

async function openObjects(): Promise<string> {
  const { kube } = sandbox.at
  const lists = await Promise.all(OPEN_KINDS.map(([apiVersion, kind]) => kube.list({ apiVersion, kind })))
  const releases = await kube.list({ apiVersion: 'v1', kind: 'Secret', labelSelector: 'owner=helm' })
  const records = releases.map(({ data }) => {
    const text = Buffer.from((data as { release: string }).release, 'base64').toString('utf8')
    return gunzipSync(Buffer.from(text, 'base64')).toString('utf8')
  })
  return [JSON.stringify(lists), ...records].join('\n')
}

/** Each with what it is told besides. */
const RUNS: readonly (readonly [words: string, env?: Readonly<Record<string, string>>])[] = [
  [
    'deploy all --debug --junit REPORTS/junit.xml',
    { GITHUB_ACTIONS: 'true', GITHUB_STEP_SUMMARY: 'REPORTS/summary.md' },
  ],
  ['deploy all --output ndjson'],
  ['plan --output json --deep -o REPORTS/plan.json'],
  ['status --output json'],
  ['verify --output json --debug'],
  ['secrets rotate webui-secret-key --yes --debug'],
  ['secrets migrate --yes --debug', { LLMGW_SECRETS_LAYOUT: 'bundle' }],
  ['secrets migrate --yes --output ndjson'],
  ['support-bundle -o REPORTS/support.tar.gz'],
  ['deploy all --debug --output json'],
]

/** Names of values. */
type Values = Map<string, string>

/** Outputs of all runs, and every value that there was between two of them. */
async function runAll(home: string): Promise<{ readonly outputs: readonly string[]; readonly values: Values }> {
  const reports = (text: string): string => text.replace('REPORTS', home)
  const outputs: string[] = []
  const values: Values = new Map(Object.entries(PLANTED).map(([name, value]) => [value, name]))
  for (const [words, env = {}] of RUNS) {
    const told = Object.fromEntries(Object.entries(env).map(([name, value]) => [name, reports(value)]))
    // Temporary files that are left behind are then found beside the others.
    const ended = await sandbox.run(reports(words), { ...ci, ...PLANTED, ...told, TMPDIR: join(home, 'tmp') })
    expect(ended.code, ended.output).toBe(0)
    outputs.push(ended.output)
    for (const [value, name] of await liveValues()) values.set(value, `${name} after ${words}`)
  }
  // A run that fails must not tell either.
  await sandbox.at.aws.secretsManager.purge('litellm/database-url')
  return { outputs: [...outputs, (await sandbox.run('plan secrets --debug', ci)).output], values }
}

async function liveValues(): Promise<Values> {
  const found = await Promise.all(REMOTE_SECRETS.map((name) => sandbox.at.aws.secretsManager.value(name)))
  return new Map(found.flatMap((one, index) => (one ? [[one.value.reveal(), REMOTE_SECRETS[index] ?? '']] : [])))
}

/** Files written since, in ms since the epoch: a cache is shared with whoever uses this machine. */
async function readAll(dirs: readonly string[], since: number): Promise<ReadonlyMap<string, string>> {
  const files: string[] = []
  for (const file of (await Promise.all(dirs.map(filesBelow))).flat()) {
    const { mtimeMs = 0 } = await stat(file).catch(() => ({ mtimeMs: 0 }))
    if (mtimeMs >= since && !HOLDS_SECRETS.test(file)) files.push(file)
  }
  return new Map(await Promise.all(files.map(async (file) => [file, await contentOf(file)] as const)))
}

async function contentOf(file: string): Promise<string> {
  if (file.endsWith('.tar.gz')) return gunzipSync(await readFile(file)).toString('utf8')
  return await readFile(file, 'utf8').catch(() => '')
}

/** Where any form of the value stands. */
function leaksOf(value: string, { commandLines, environments, objects, outputs, files }: Traces): readonly string[] {
  return [value, Buffer.from(value).toString('base64'), encodeURIComponent(value)].flatMap((form) => [
    ...(commandLines.includes(form) ? ['a command line'] : []),
    ...(environments.includes(form) ? ['the environment of a child'] : []),
    ...(objects.includes(form) ? ['an object that is no Secret'] : []),
    ...(outputs.some((output) => output.includes(form)) ? ['output'] : []),
    ...[...files].filter(([, content]) => content.includes(form)).map(([file]) => file),
  ])
}

test('no value is found in processes, in output and reports at any verbosity, in files left behind, or in objects that are no Secrets', async () => {
  for (const name of ['litellm/database-url', 'openwebui/oidc-client-secret']) {
    await sandbox.at.aws.secretsManager.purge(name)
  }
  const home = sandbox.env.HOME ?? ''
  await mkdir(join(home, 'tmp'))
  const since = Date.now()
  const watcher = watchProcesses()
  const { outputs, values } = await runAll(home)
  const { commandLines, environments } = await watcher.stop()
  const traces: Traces = {
    commandLines: [...commandLines].join('\n'),
    environments: [...environments].join('\n'),
    objects: await openObjects(),
    outputs,
    files: await readAll(
      [home, join(sandbox.env.XDG_STATE_HOME ?? '', 'llmgw'), join(sandbox.env.XDG_CACHE_HOME ?? '', 'llmgw', 'helm')],
      since,
    ),
  }

  // Negative controls: helm was seen, there is output, there are files, and a planted value would be found.
  expect(traces.commandLines).toMatch(/helm upgrade redis .*--install/)
  expect(traces.environments).toContain('HELM_CACHE_HOME=')
  const reports = [...traces.files].filter(([file]) =>
    /(junit\.xml|plan\.json|summary\.md|support\.tar\.gz)$/.test(file),
  )
  expect(reports).toHaveLength(4)
  expect(reports.every(([, content]) => content.includes('litellm'))).toBe(true)
  // Of Secrets their keys are told.
  expect(traces.files.get(join(home, 'support.tar.gz'))).toMatch(/"database-url": "\*\*\*"/)
  expect(traces.objects).toContain('litellm/database-url')
  expect(outputs.every((output) => output.length > 100)).toBe(true)
  expect(traces.files.size).toBeGreaterThan(5)
  expect(values.size).toBeGreaterThan(6)
  expect(leaksOf('upgrade redis', traces)).toContain('a command line')
  expect(leaksOf('HELM_CACHE_HOME=', traces)).toContain('the environment of a child')
  expect(leaksOf('litellm/database-url', traces)).toContain('an object that is no Secret')

  const leaks = [...values].flatMap(([value, name]) => leaksOf(value, traces).map((where) => `${name} in ${where}`))
  expect(leaks).toEqual([])
}, 900_000)
