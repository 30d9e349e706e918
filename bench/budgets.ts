// npm run bench:budgets: what llmgw may take by itself, on this machine, in one run.
import { execFile } from 'node:child_process'
import { mkdtemp, readFile, rm, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { fileURLToPath } from 'node:url'
import { parseArgs, promisify } from 'node:util'
import { LLMGW, toolPaths } from './contenders.ts'
import { criticalPath, type HelmTime } from './critical-path.ts'
import { type Figures, measure, writePrograms } from './measure.ts'
import { median, writeInto } from './report.ts'
import { CAUSE, firstFailure, secondsToCause } from './scenarios.ts'
import { approach, type BenchWorld, openWorld } from './world.ts'

const { values: flags } = parseArgs({
  options: {
    repetitions: { type: 'string', default: '7' },
    write: { type: 'boolean', default: false },
  },
})

const REPETITIONS = Number(flags.repetitions)
const LATENCY_MS = 100
const REDIS = { apiVersion: 'apps/v1', kind: 'StatefulSet', name: 'redis-redis-ha-server', namespace: 'litellm' }

const file = (path: string): string => fileURLToPath(new URL(path, import.meta.url))
const say = (line: string): void => void process.stderr.write(`${line}\n`)
const run = promisify(execFile)

/** Milliseconds that `node` takes with these arguments. */
async function timed(...args: readonly string[]): Promise<number> {
  const started = performance.now()
  await run(process.execPath, [...args])
  return performance.now() - started
}

/** Medians of each, measured in turns. */
async function inTurns<Name extends string>(
  times: number,
  runs: Readonly<Record<Name, () => Promise<number>>>,
): Promise<Readonly<Record<Name, number>>> {
  const names = Object.keys(runs) as Name[]
  const found = Object.fromEntries(names.map((name) => [name, [] as number[]])) as Record<Name, number[]>
  for (let turn = 0; turn < times; turn += 1) for (const name of names) found[name].push(await runs[name]())
  return Object.fromEntries(names.map((name) => [name, median(found[name])])) as Record<Name, number>
}

/** `llmgw deploy all` as the benchmark runs it, with a helm that notes how long each call took. */
interface Deployed extends Figures {
  readonly helms: readonly HelmTime[]
  /** Seconds from a pod's failure to the line that names it. */
  readonly causeS: number | undefined
}

async function deploy(world: BenchWorld, options: { settings?: object; latencyMs?: number } = {}): Promise<Deployed> {
  const proxied = await approach(world, { latencyMs: options.latencyMs ?? 0, settings: options.settings ?? {} })
  const log = join(world.dir, 'helms')
  const path = await noting(world, log)
  const watching = new AbortController()
  const failed = firstFailure(world, watching.signal)
  try {
    const command = await LLMGW.command({ world, proxied, recorded: '', path })
    const calls = async (): Promise<number> => (await readFile(log, 'utf8')).split('\n').filter(Boolean).length
    const figures = await measure(command, { dir: world.dir, count: calls, cause: CAUSE })
    watching.abort()
    return { ...figures, causeS: secondsToCause(figures, await failed), helms: timesIn(await readFile(log, 'utf8')) }
  } finally {
    watching.abort()
    await proxied.close()
  }
}

/** A folder with a helm that writes when it began, when it ended, in milliseconds, and what it was asked. */
async function noting(world: BenchWorld, log: string): Promise<string> {
  const { helm, node } = await toolPaths(world)
  const path = join(world.dir, 'noting')
  await writeFile(log, '')
  const timed = [
    'began=$(date +%s%3N)',
    `'${helm}' "$@"`,
    'code=$?',
    `echo "$began $(date +%s%3N) $1 $2" >> '${log}'`,
    'exit $code',
  ]
  await writePrograms(path, { helm: timed.join('\n'), node: `exec '${node}' "$@"` })
  return path
}

function timesIn(log: string): readonly HelmTime[] {
  return log.split('\n').flatMap((line) => {
    const [began, ended, verb, release] = line.split(' ')
    return verb === 'upgrade' && release ? [{ release, seconds: (Number(ended) - Number(began)) / 1000 }] : []
  })
}

function expectCode({ code, output }: Figures, wanted: number): void {
  if (code !== wanted) throw new Error(`llmgw ended with ${code} instead of ${wanted}:\n${output}`)
}

interface Row {
  readonly what: string
  readonly budget: string
  readonly found: string
  readonly isMet: boolean
}

const ms = (value: number): string => `${value.toFixed(0)} ms`
const s = (value: number): string => `${value.toFixed(1)} s`

async function startRows(): Promise<readonly Row[]> {
  const llmgw = file('../bin/llmgw.js')
  const { bare, version, help } = await inTurns(REPETITIONS * 3, {
    bare: () => timed('-e', '0'),
    version: () => timed(llmgw, '--version'),
    help: () => timed(llmgw, '--help'),
  })
  return Object.entries({ version, help }).map(([name, took]) => ({
    what: `\`llmgw --${name}\``,
    budget: `bare \`node -e 0\` (${ms(bare)}) + 40 ms`,
    found: `+ ${ms(took - bare)}`,
    isMet: took - bare <= 40,
  }))
}

/** As the run itself tells. */
function lookS({ output }: Figures): number {
  const told = /looked in ([\d.]+) s/.exec(output)?.[1]
  if (told === undefined) throw new Error(`llmgw does not say how long it looked:\n${output}`)
  return Number(told)
}

/** Runs with nothing to do. */
async function nothingRows(world: BenchWorld): Promise<readonly Row[]> {
  const proxied = await approach(world, { latencyMs: 0 })
  const runs: Deployed[] = []
  const nothing = async (): Promise<number> => {
    const figures = await deploy(world)
    expectCode(figures, 0)
    runs.push(figures)
    return figures.wallS * 1000
  }
  const { bare, look } = await inTurns(REPETITIONS, {
    bare: () => timed(file('five-lists.mjs'), proxied.kube.url),
    look: nothing,
  })
  await proxied.close()
  const far = await deploy(world, { latencyMs: LATENCY_MS })
  expectCode(far, 0)
  const helms = [...runs, far].reduce((sum, { processes }) => sum + processes, 0)
  const trips = (far.wallS * 1000 - look) / LATENCY_MS
  return [
    { what: 'nothing to do: helm processes', budget: '0', found: String(helms), isMet: helms === 0 },
    {
      what: 'nothing to do, verified',
      budget: `${(8 / 3).toFixed(1)} times bare Node with five lists (${ms(bare)})`,
      found: `${s(look / 1000)}, ${(look / bare).toFixed(1)} times; the look is ${s(median(runs.map(lookS)))} of it`,
      isMet: look / bare <= 8 / 3,
    },
    {
      what: `nothing to do: what ${LATENCY_MS} ms more on each request add`,
      budget: '3 round trips',
      found: `${s(far.wallS - look / 1000)}, as much as ${trips.toFixed(0)}`,
      isMet: trips <= 3,
    },
    memoryRow('nothing to do', runs),
  ]
}

/** The most that any of these runs held. */
function memoryRow(what: string, runs: readonly Figures[]): Row {
  const largest = Math.max(...runs.map(({ largestMiB }) => largestMiB))
  const peak = Math.max(...runs.map(({ peakMiB }) => peakMiB))
  const found = `${largest.toFixed(0)} MiB; with its helms ${peak.toFixed(0)} MiB`
  return { what: `memory, ${what}`, budget: '200 MiB', found, isMet: largest <= 200 }
}

async function rows(world: BenchWorld): Promise<readonly Row[]> {
  const fresh = await deploy(world)
  expectCode(fresh, 0)
  const redis = (await world.at.kube.find(REDIS))?.spec as { podManagementPolicy?: string; replicas?: number }
  const inTurn = redis.podManagementPolicy === 'Parallel' ? 1 : (redis.replicas ?? 1)
  const path = criticalPath(fresh.helms, { redis: inTurn })
  const nothing = await nothingRows(world)
  const failing = await deploy(world, { settings: { components: { litellm: { values: BROKEN } } } })
  expectCode(failing, 1)
  return [
    ...(await startRows()),
    ...nothing,
    {
      what: 'fresh install, verified',
      budget: `1.15 times the critical path (${s(path)})`,
      found: `${s(fresh.wallS)}, ${(fresh.wallS / path).toFixed(2)} times`,
      isMet: fresh.wallS / path <= 1.15,
    },
    {
      what: 'a pod that fails: to the line that names it',
      budget: '5 s',
      found: failing.causeS === undefined ? 'not named' : s(failing.causeS),
      isMet: failing.causeS !== undefined && failing.causeS <= 5,
    },
    memoryRow('fresh install', [fresh]),
  ]
}

const BROKEN = { image: { tag: 'never-pushed' } }

async function main(): Promise<void> {
  const dir = await mkdtemp(join(tmpdir(), 'llmgw-budgets-'))
  try {
    const world = await openWorld(dir, say)
    const found = await rows(world).finally(() => world.close())
    const table = [
      ['', 'budget', 'measured', 'met'],
      ['---', '---', '---', '---'],
      ...found.map(({ what, budget, found: measured, isMet }) => [what, budget, measured, isMet ? 'yes' : '**no**']),
    ]
    const text = table.map((cells) => `| ${cells.join(' | ')} |`).join('\n')
    process.stdout.write(`${text}\n`)
    if (flags.write) await writeInto(file('../docs/benchmarks.md'), text, 'budgets')
  } finally {
    await rm(dir, { recursive: true, force: true })
  }
}

await main()
