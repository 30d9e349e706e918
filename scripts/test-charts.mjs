// Proves that our values fit the real charts: deploys from a folder of packaged charts, end to end, in the sandbox.
import { spawnSync } from 'node:child_process'
import { readdirSync } from 'node:fs'
import { resolve } from 'node:path'

const folder = process.argv[2] === undefined ? undefined : resolve(process.argv[2])
const packages = folder === undefined ? [] : readdirSync(folder).filter((name) => name.endsWith('.tgz'))
if (packages.length === 0) {
  console.error(
    'usage: npm run test:charts -- DIR   (a folder with the packages that helm-values/charts.lock.yaml names)',
  )
  process.exit(2)
}
console.log(`charts: ${packages.join(', ')}`)
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
  ],
  {
    stdio: 'inherit',
    env: { ...process.env, LLMGW_SANDBOX_CHARTS: folder },
  },
)
process.exitCode = status ?? 1
