import { mkdtemp, rm, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterAll, beforeAll, expect, test } from 'vitest'
import { sandboxShell, useSandbox } from '../sandbox-under-test.ts'
import { type Ended, llmgw, useHome, userEnvironment } from './world/llmgw.ts'

// Only its helm and its charts are needed.
useSandbox()
const home = useHome()
let dir = ''

beforeAll(async () => {
  dir = await mkdtemp(join(tmpdir(), 'llmgw-supply-'))
})
afterAll(() => rm(dir, { recursive: true, force: true }))

async function run(words: string): Promise<Ended> {
  return await llmgw([...words.split(' '), '--sandbox=shared'], {
    env: userEnvironment(sandboxShell(), await home()),
    cwd: dir,
  })
}

test('every image is listed as the charts render, and each is one for good', async () => {
  const { code, stdout, stderr } = await run('images list')
  expect(code, stderr).toBe(0)
  const images = stdout.trim().split('\n')
  for (const program of [
    'litellm',
    'open-webui',
    'redis',
    'haproxy',
    'jaeger',
    'prometheus',
    'external-secrets',
    'gatekeeper',
  ])
    expect(images.filter((image) => image.includes(program))).not.toEqual([])
  expect(images).toEqual([...new Set(images)].sort())
  expect(await run('images verify --offline')).toMatchObject({ code: 0 })
  expect(await run('images verify --offline --strict')).toMatchObject({ code: 1 })
})

test('a tag that moves is found, with the release that names it', async () => {
  const file = join(dir, 'moving.yaml')
  await writeFile(
    file,
    'apiVersion: llmgw/v1\ncomponents: { jaeger: { values: { jaeger: { image: { tag: latest } } } } }\n',
  )
  const { code, stdout } = await run(`images verify --offline --config ${file}`)
  expect([code, stdout]).toEqual([1, expect.stringMatching(/jaeger:latest: tag latest is moved \(jaeger\)/)])
})

test('a folder of copies is a mirror of its own', async () => {
  const vendored = await run('charts vendor mirror')
  expect(vendored.code, vendored.output).toBe(0)
  const file = join(dir, 'mirrored.yaml')
  await writeFile(file, `apiVersion: llmgw/v1\ncharts: { mirror: { kind: directory, path: ${join(dir, 'mirror')} } }\n`)
  const { code, stdout } = await run(`images list --config ${file}`)
  expect([code, stdout]).toEqual([0, (await run('images list')).stdout])
})
