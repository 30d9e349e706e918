// Faults at exact calls of real runs in the sandbox (docs/chaos.md): npm run test:chaos [-- NUMBER [SEED]]
import { spawnSync } from 'node:child_process'

const [size = '1000', seed = '1'] = process.argv.slice(2)
if (!/^[1-9]\d*$/.test(size) || !/^\d+$/.test(seed)) {
  console.error('usage: npm run test:chaos [-- NUMBER [SEED]]   (1000 faults of seed 1 where nothing is said)')
  process.exit(2)
}
const { status } = spawnSync(process.execPath, ['scripts/test.mjs', '--project', 'sandbox', 'test/e2e/chaos.test.ts'], {
  stdio: 'inherit',
  env: { ...process.env, LLMGW_TEST_FAULTS: size, LLMGW_TEST_SEED: seed },
})
process.exitCode = status ?? 1
