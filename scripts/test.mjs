// Runs every test, the sandbox's included, and closes with a line of counts that a machine can read.
import { spawn } from 'node:child_process'
import { mkdtemp, readFile, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'

const dir = await mkdtemp(join(tmpdir(), 'llmgw-test-'))
const report = join(dir, 'report.json')
/** Nothing is looked for outside this machine, but packages at their registries. */
const LOCAL = { LLMGW_SANDBOX_CHARTS: 'stand-in', LLMGW_SANDBOX_TOOLS: 'build', LLMGW_SANDBOX_RUNTIME: 'simulated' }
const run = (command, args) =>
  new Promise((resolve) => {
    const child = spawn(command, args, { stdio: 'inherit', env: { ...LOCAL, ...process.env } })
    child.on('close', (code) => resolve(code ?? 1))
    for (const signal of ['SIGINT', 'SIGTERM']) process.on(signal, () => child.kill(signal))
  })

try {
  const built = await run(process.execPath, ['scripts/build.mjs'])
  if (built !== 0) process.exit(built)
  const code = await run('npx', [
    '--no-install',
    'vitest',
    'run',
    '--reporter=default',
    '--reporter=json',
    `--outputFile.json=${report}`,
    ...process.argv.slice(2),
  ])
  const { numPassedTests, numFailedTests, numPendingTests, numTodoTests } = JSON.parse(await readFile(report, 'utf8'))
  // A suite that breaks before its first test fails the run without a failed test to count.
  const failed = numFailedTests + (code !== 0 && numFailedTests === 0 ? 1 : 0)
  console.log(`${numPassedTests} passed, ${failed} failed, ${numPendingTests + numTodoTests} skipped`)
  process.exitCode = code === 0 && numPassedTests > 0 ? 0 : 1
} finally {
  await rm(dir, { recursive: true, force: true })
}
