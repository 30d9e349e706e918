// Everything a change must pass before it is committed, side by side; prints what failed and how long each took.
import { spawn } from 'node:child_process'

const CHECKS = {
  types: ['tsc', '--noEmit'],
  lint: ['biome', 'check', '.'],
  imports: ['depcruise', '--config', '.dependency-cruiser.cjs', 'src', 'steps', 'bin'],
  'dead code': ['knip'],
  'unit tests': ['vitest', 'run', '--project', 'unit'],
}

const run = ([name, [tool, ...args]]) =>
  new Promise((resolve) => {
    const started = performance.now()
    const child = spawn('npx', ['--no-install', tool, ...args], { stdio: ['ignore', 'pipe', 'pipe'] })
    let output = ''
    child.stdout.on('data', (chunk) => (output += chunk))
    child.stderr.on('data', (chunk) => (output += chunk))
    child.on('close', (code) => {
      console.log(`${code === 0 ? 'ok  ' : 'FAIL'} ${name} (${((performance.now() - started) / 1000).toFixed(1)} s)`)
      if (code !== 0) console.log(output)
      resolve(code === 0)
    })
  })

const results = await Promise.all(Object.entries(CHECKS).map(run))
process.exitCode = results.every(Boolean) ? 0 : 1
