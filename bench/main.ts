// npm run bench: ways to deploy the same platform, on this machine, in one run.
import { mkdir, mkdtemp, readFile, rm, writeFile } from 'node:fs/promises'
import { cpus, tmpdir } from 'node:os'
import { join } from 'node:path'
import { fileURLToPath } from 'node:url'
import { parseArgs } from 'node:util'
import { CONTENDERS, type Contender, LLMGW, toolPaths } from './contenders.ts'
import { countingTools, measure } from './measure.ts'
import { plot } from './plot.ts'
import { changed, record, releasesOf } from './record.ts'
import { tables, writeInto } from './report.ts'
import { type Result, runScenarios, SCENARIOS, type Scenario, type Wishes } from './scenarios.ts'
import { approach, openWorld } from './world.ts'

const { values: flags } = parseArgs({
  options: {
    repetitions: { type: 'string', default: '3' },
    latency: { type: 'string', default: '0,20,100' },
    contenders: { type: 'string', default: CONTENDERS.map(({ id }) => id).join(',') },
    scenarios: { type: 'string', default: Object.keys(SCENARIOS).join(',') },
    write: { type: 'boolean', default: false },
    add: { type: 'boolean', default: false },
  },
})

const say = (line: string): void => void process.stderr.write(`${line}\n`)
const file = (path: string): string => fileURLToPath(new URL(`../${path}`, import.meta.url))

/** Lets llmgw deploy once, and writes down what it applied. */
async function wishesFor(dir: string): Promise<Wishes> {
  const world = await openWorld(dir, say)
  const deploy = async (settings: object) => {
    const tools = await countingTools(dir, await toolPaths(world))
    const proxied = await approach(world, { latencyMs: 0, settings })
    const command = await LLMGW.command({ world, proxied, recorded: '', path: tools.path })
    const { code, output } = await measure(command, { dir, count: tools.count, cause: /$^/ })
    await proxied.close()
    if (code !== 0) throw new Error(`llmgw ended with ${code}:\n${output}`)
    return proxied
  }
  const litellm = async () => (await releasesOf(world)).find(({ name }) => name === 'litellm')?.config ?? {}
  try {
    const recorded = await record(world, await deploy({}))
    const more = {
      gateway: { resources: { requests: { cpu: '1', memory: '5Gi' }, limits: { cpu: '4', memory: '8Gi' } } },
    }
    await deploy(more)
    const bigger = await litellm()
    const broken = { ...bigger, image: { ...(bigger as { image?: object }).image, tag: 'never-pushed' } }
    return {
      fresh: { settings: {}, recorded },
      changed: { settings: more, recorded: await changed(recorded, 'changed', 'litellm', bigger) },
      failing: {
        settings: { ...more, components: { litellm: { values: { image: { tag: 'never-pushed' } } } } },
        recorded: await changed(recorded, 'failing', 'litellm', broken),
      },
    }
  } finally {
    await world.close()
  }
}

/** Puts what there is so far where people read it: hours of measuring are not lost with the last of them. */
async function keep(results: readonly Result[]): Promise<void> {
  await mkdir(file('docs/benchmarks'), { recursive: true })
  await writeFile(file('docs/benchmarks/results.json'), `${JSON.stringify(results, null, 1)}\n`)
  await writeFile(file('docs/benchmarks/wall.svg'), plot(results))
  await writeInto(file('docs/benchmarks.md'), tables(results, cpus().length), 'bench')
}

/** What earlier runs have measured on this machine. */
async function kept(): Promise<Result[]> {
  return JSON.parse(await readFile(file('docs/benchmarks/results.json'), 'utf8')) as Result[]
}

/** Contenders take turns, so that what else the machine does falls on all of them. */
function turns(): readonly { readonly contender: Contender; readonly latencyMs: number }[] {
  const chosen = CONTENDERS.filter(({ id }) => flags.contenders.split(',').includes(id))
  const once = flags.latency
    .split(',')
    .map(Number)
    .flatMap((latencyMs) => chosen.map((contender) => ({ contender, latencyMs })))
  return Array.from({ length: Number(flags.repetitions) }, () => once).flat()
}

async function main(): Promise<void> {
  const dir = await mkdtemp(join(tmpdir(), 'llmgw-bench-'))
  const results = flags.add ? await kept() : []
  let isEnough = false
  process.once('SIGTERM', () => {
    isEnough = true
    say('ends after the contender whose turn it is')
  })
  try {
    const wishes = await wishesFor(dir)
    const scenarios = flags.scenarios.split(',') as Scenario[]
    for (const { contender, latencyMs } of turns()) {
      if (isEnough) break
      const measuring = { dir, contender, latencyMs, wishes, report: say }
      results.push(...(await runScenarios(measuring, scenarios)))
      if (flags.write) await keep(results)
    }
  } finally {
    await rm(dir, { recursive: true, force: true })
    process.stdout.write(`${tables(results, cpus().length)}\n`)
  }
}

await main()
