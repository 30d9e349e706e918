// Proves that our values fit the real charts: deploys from a folder of packaged charts, end to end, in the sandbox.
import { spawnSync } from 'node:child_process'
import { readdirSync } from 'node:fs'
import { resolve } from 'node:path'

const [folder, older] = process.argv.slice(2).map((argument) => resolve(argument))
const packagesIn = (place) => (place === undefined ? [] : readdirSync(place).filter((name) => name.endsWith('.tgz')))
const packages = packagesIn(folder)
if (packages.length === 0) {
  console.error(
    'usage: npm run test:charts -- DIR [OLDER_DIR]   (folders with the packages that helm-values/charts.lock.yaml names, and with older ones)',
  )
  process.exit(2)
}
console.log(`charts: ${packages.join(', ')}`)
// A platform of older charts is taken over and moved to these, and back and forth once more.
if (older !== undefined) console.log(`older charts: ${packagesIn(older).join(', ') || 'none'}`)
// What the whole platform names and nobody makes shows in the rendering, before anything is deployed.
const lint = spawnSync('npx', ['--no-install', 'tsx', 'scripts/chart-lint.ts', folder], { stdio: 'inherit' })
if (lint.status !== 0) process.exit(lint.status ?? 1)
const { status } = spawnSync(
  process.execPath,
  [
    'scripts/test.mjs',
    'test/e2e/deploy.test.ts',
    'test/e2e/lean.test.ts',
    'test/e2e/adopt.test.ts',
    'test/e2e/causes.test.ts',
    // With real processes: what a chart's own scripts ask of a pod shows nowhere else.
    'test/e2e/real-gateway.test.ts',
  ],
  {
    stdio: 'inherit',
    env: { ...process.env, LLMGW_SANDBOX_CHARTS: folder, LLMGW_OLDER_CHARTS: older ?? '' },
  },
)
process.exitCode = status ?? 1
