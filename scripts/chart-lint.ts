// Renders the whole platform from real charts and looks for what leads nowhere: npm run charts:lint -- DIR
import { mkdtemp, readFile, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { parseChartLock } from '../src/adapters/charts/lock.ts'
import { createHelmRunner } from '../src/adapters/helm/runner.ts'
import { packageRoot } from '../src/cli/assets.ts'
import { findHelm } from '../src/cli/find-helm.ts'
import { cacheFolder } from '../src/cli/folders.ts'
import { CONFIGURATIONS, configurationOf } from './charts/configurations.ts'
import { ownObjects } from './charts/own-objects.ts'
import { renderPlatform } from './charts/platform.ts'
import { customFaults } from './charts/rendered/custom-kinds.ts'
import { imageFaults } from './charts/rendered/images.ts'
import { policyFaults } from './charts/rendered/policies.ts'
import { referenceFaults } from './charts/rendered/references.ts'
import { serviceFaults } from './charts/rendered/services.ts'

const RULES = [imageFaults, referenceFaults, serviceFaults, policyFaults, customFaults]
const [folder] = process.argv.slice(2)
if (folder === undefined) {
  console.error('usage: npm run charts:lint -- DIR   (packed charts, e.g. redis-ha-4.39.0.tgz)')
  process.exit(2)
}
const lock = parseChartLock(await readFile(join(packageRoot(), 'helm-values', 'charts.lock.yaml'), 'utf8'))
const home = await mkdtemp(join(tmpdir(), 'llmgw-lint-'))
const helm = createHelmRunner({ binary: await findHelm(process.env, cacheFolder(process.env)), home, env: process.env })
let failed = false
try {
  for (const [name, values] of Object.entries(CONFIGURATIONS)) {
    const charts = await renderPlatform(await configurationOf(values), { folder, lock, helm })
    const own = await ownObjects(values)
    const platform = { ...charts, objects: [...charts.objects, ...own] }
    const faults = RULES.flatMap((rule) => rule(platform))
    for (const fault of faults) console.log(`${name}: ${fault}`)
    for (const chart of platform.lacking) console.log(`${name}: ${chart} is not in ${folder}, so it was not looked at`)
    console.log(
      `${name}: ${charts.objects.length} objects of ${platform.charts.join(', ')} and ${own.length} of steps: ${faults.length} findings`,
    )
    failed ||= faults.length > 0 || platform.lacking.length > 0
  }
} finally {
  await rm(home, { recursive: true, force: true })
}
process.exitCode = failed ? 1 : 0
