import { chmod, mkdtemp, readdir, readFile, rm, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterEach, beforeEach, describe, expect, test } from 'vitest'
import { parse } from 'yaml'
import { prepareOpenWebUi } from '../../../src/sandbox/runtime/open-webui.ts'

const GIB = 1024 ** 3
const path = process.env.PATH
let dir = ''
beforeEach(async () => {
  dir = await mkdtemp(join(tmpdir(), 'llmgw-open-webui-'))
  process.env.PATH = dir
})
afterEach(async () => {
  process.env.PATH = path
  await rm(dir, { recursive: true, force: true })
})

async function interpreter(name: string, script: string): Promise<void> {
  await writeFile(join(dir, name), `#!/bin/sh\n${script}\n`)
  await chmod(join(dir, name), 0o755)
}

/** Fits, describes itself, and makes no virtual environments. */
const FITTING = [
  'case "$*" in *sys.exit*) exit 0;; *sysconfig*) echo \'[[3, 12, 1], "linux-x86_64", "/usr"]\';;',
  '*) echo "pip found nothing" >&2; exit 1;; esac',
].join(' ')

async function prepare(machine = { availableBytes: 8 * GIB, freeDisk: async () => 8 * GIB }) {
  const told: string[] = []
  const program = await prepareOpenWebUi(
    {
      cacheDir: join(dir, 'cache'),
      python: 'python3',
      environment: {},
      report: (line) => told.push(line),
      signal: new AbortController().signal,
    },
    machine,
  )
  return { program, told }
}

describe('Open WebUI is left out, and why is said', () => {
  test('where no Python fits', async () => {
    await interpreter('python3', 'exit 1')
    expect(await prepare()).toEqual({
      program: undefined,
      told: ['pods of Open WebUI are simulated: real ones need Python 3.11 or 3.12, and neither is on PATH'],
    })
  })

  test('where memory or disk are short', async () => {
    await interpreter('python3', FITTING)
    const little = await prepare({ availableBytes: 3 * GIB, freeDisk: async () => 8 * GIB })
    expect(little.told).toEqual([
      'pods of Open WebUI are simulated: real ones need 3.25 GiB of free memory, found 3.0 GiB',
    ])
    const full = await prepare({ availableBytes: 8 * GIB, freeDisk: async () => GIB })
    expect(full.told).toEqual([
      expect.stringMatching(/simulated: real ones need 2 GiB of disk below .*, found 1.0 GiB/),
    ])
  })

  test('where its packages cannot be had: another Python than the first may fit, and nothing is left behind', async () => {
    await interpreter('python3', 'exit 1')
    await interpreter('python3.12', FITTING)
    const { program, told } = await prepare()
    expect(program).toBeUndefined()
    expect(told.at(-1)).toBe(
      'pods of Open WebUI are simulated: its Python packages could not be installed (pip found nothing)',
    )
    expect(await readdir(join(dir, 'cache', 'python'))).toEqual([])
  })
})

test('its packages are those of the version that the chart runs', async () => {
  const file = (name: string) => readFile(new URL(`../../../sandbox/${name}`, import.meta.url), 'utf8')
  const { appVersion } = parse(await file('charts/open-webui/Chart.yaml')) as { readonly appVersion: string }
  const pinned = await file('runtime/programs/open-webui.txt')
  expect(/^open-webui==(\S+)/m.exec(pinned)?.[1]).toBe(appVersion)
  // What runs models on this machine: gigabytes.
  expect(pinned).not.toMatch(/^(torch|transformers|onnxruntime)==/m)
})
