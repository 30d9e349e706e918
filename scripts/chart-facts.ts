// Writes down what each real chart takes: npm run charts:facts -- DIR [CHART...] (DIR holds the packed charts of the lock).
import { createHash } from 'node:crypto'
import { access, mkdir, mkdtemp, readFile, rm, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { parse, stringify } from 'yaml'
import { parseChartLock } from '../src/adapters/charts/lock.ts'
import { createHelmRunner } from '../src/adapters/helm/runner.ts'
import { render } from '../src/adapters/helm/template.ts'
import { packageRoot } from '../src/cli/assets.ts'
import { findHelm } from '../src/cli/find-helm.ts'
import { cacheFolder } from '../src/cli/folders.ts'
import type { ReleaseSpec } from '../src/ports/index.ts'
import { readArchive } from './charts/archive.ts'
import { CONFIGURATIONS, configurationOf, releasesOf } from './charts/configurations.ts'
import { extractValues, unreadPaths } from './charts/extract-values.ts'
import { prove } from './charts/prove.ts'
import { valueTree } from './charts/value-tree.ts'

const [directory, ...chosen] = process.argv.slice(2)
if (directory === undefined) {
  console.error('usage: npm run charts:facts -- DIR [CHART...]   (DIR: packed charts, e.g. redis-ha-4.39.0.tgz)')
  process.exit(2)
}
const lock = parseChartLock(await readFile(join(packageRoot(), 'helm-values', 'charts.lock.yaml'), 'utf8'))
const keys = chosen.length > 0 ? chosen : Object.keys(lock)
const home = await mkdtemp(join(tmpdir(), 'llmgw-facts-'))
const helm = createHelmRunner({ binary: await findHelm(process.env, cacheFolder(process.env)), home, env: process.env })
const wanted = new Map<string, ReleaseSpec[]>()
for (const values of Object.values(CONFIGURATIONS))
  for (const spec of await releasesOf(await configurationOf(values)))
    wanted.set(spec.chart, [...(wanted.get(spec.chart) ?? []), spec])

let failed = false
try {
  for (const key of keys) if (!(await writeFacts(key, directory))) failed = true
} finally {
  await rm(home, { recursive: true, force: true })
}
process.exitCode = failed ? 1 : 0

async function writeFacts(key: string, folder: string): Promise<boolean> {
  const chart = lock[key]
  if (chart === undefined) throw new Error(`no chart ${key} in the lock`)
  const archive = join(folder, `${chart.name}-${chart.version}.tgz`)
  if (
    !(await access(archive).then(
      () => true,
      () => false,
    ))
  ) {
    console.log(`${key}: ${archive} is not there: its facts stay as they are`)
    return false
  }
  const files = await readArchive(archive)
  const extracted = extractValues(files)
  const proof = await proveAll(key, archive)
  const leftOut = leftOutOf(files)
  const unread = unreadPaths(extracted).filter(([section = '']) => !leftOut.includes(section))
  const facts = {
    chart: extracted.name,
    version: extracted.version,
    archive: `sha256:${createHash('sha256')
      .update(await readFile(archive))
      .digest('hex')}`,
    ...(leftOut.length > 0 && { leftOut }),
    proven: proof.effective,
    unread: unread.map((path) => path.join('.')).sort(),
    values: valueTree(extracted.values, extracted.reads),
  }
  const head = `# What chart ${extracted.name} ${extracted.version} takes. Written by: npm run charts:facts -- DIR ${key}\n`
  await mkdir(join(packageRoot(), 'helm-values', 'chart-facts'), { recursive: true })
  await writeFile(
    join(packageRoot(), 'helm-values', 'chart-facts', `${key}.yaml`),
    head + stringify(facts, { lineWidth: 0 }),
  )
  for (const path of proof.dead) console.log(`${key}: ${path} changes nothing in the rendering`)
  console.log(
    `${key} ${extracted.version}: ${proof.effective.length} of our values change the rendering, ${proof.dead.length} do not`,
  )
  return proof.dead.length === 0
}

/** A value is in use when one configuration renders differently with it. */
async function proveAll(key: string, archive: string) {
  const effective = new Set<string>()
  const dead = new Set<string>()
  for (const spec of wanted.get(key) ?? []) {
    const proof = await prove(spec.values, effective, (values) => render(helm, archive, { ...spec, values }))
    for (const path of proof.effective) effective.add(JSON.stringify(path))
    for (const path of proof.dead) dead.add(JSON.stringify(path))
  }
  const dotted = (paths: Iterable<string>) => [...paths].map((path) => (JSON.parse(path) as string[]).join('.')).sort()
  return { effective: dotted(effective), dead: dotted([...dead].filter((path) => !effective.has(path))) }
}

/** Sections whose templates are not in an archive that was put together from parts of a chart. */
function leftOutOf(files: ReadonlyMap<string, string>): readonly string[] {
  const { annotations = {} } = parse(files.get('Chart.yaml') ?? '') as { annotations?: Record<string, string> }
  return (annotations['llmgw.dev/left-out'] ?? '').split(',').filter(Boolean)
}
