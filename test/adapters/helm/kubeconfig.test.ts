import { mkdir, mkdtemp, readdir, readFile, rm, stat, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterEach, beforeEach, expect, test } from 'vitest'
import { writeKubeconfig } from '../../../src/adapters/helm/kubeconfig.ts'
import { hostId } from '../../../src/adapters/process-identity.ts'
import { Secret } from '../../../src/secret.ts'
import { until } from './killed-run.ts'

let dir = ''
beforeEach(async () => {
  dir = await mkdtemp(join(tmpdir(), 'llmgw-kubeconfig-test-'))
})
afterEach(async () => {
  await rm(dir, { recursive: true, force: true })
})

const connection = (token: () => Promise<Secret>) => ({
  endpoint: 'https://127.0.0.1:1',
  certificateAuthority: 'Q0E=',
  token,
})

test('only we can read it, the token is in a file of its own, and close removes both', async () => {
  const made = await writeKubeconfig(
    dir,
    connection(async () => new Secret('planted-canary')),
  )
  const config = JSON.parse(await readFile(made.path, 'utf8'))
  const { tokenFile } = config.users[0].user
  expect(await readFile(tokenFile, 'utf8')).toBe('planted-canary')
  expect(JSON.stringify(config)).not.toContain('planted-canary')
  expect(config).toMatchObject({
    'current-context': made.context,
    clusters: [{ cluster: { server: 'https://127.0.0.1:1' } }],
  })
  for (const file of [made.path, tokenFile]) expect((await stat(file)).mode & 0o777).toBe(0o600)
  await made.close()
  expect(await readdir(join(dir, 'kubeconfig'))).toEqual([])
})

test('the token is renewed, also after a renewal that failed', async () => {
  let count = 0
  const made = await writeKubeconfig(
    dir,
    connection(async () => {
      count += 1
      if (count === 2) throw new Error('no token today')
      return new Secret(`token-number-${count}`)
    }),
    5,
  )
  const { tokenFile } = JSON.parse(await readFile(made.path, 'utf8')).users[0].user
  await until('a newer token', async () =>
    (await readFile(tokenFile, 'utf8')) === 'token-number-1' ? undefined : true,
  )
  await made.close()
  expect(count).toBeGreaterThan(2)
})

test('leftovers of dead runs of this host are swept, those of other hosts stay', async () => {
  // No process has this start time.
  const dead = `${await hostId()}.${process.pid}.1`
  const elsewhere = `0123456789ab.${process.pid}.1`
  for (const run of [dead, elsewhere]) {
    await mkdir(join(dir, 'kubeconfig', run), { recursive: true })
    await writeFile(join(dir, 'kubeconfig', run, 'token'), 'old')
  }
  const made = await writeKubeconfig(
    dir,
    connection(async () => new Secret('planted-canary')),
  )
  const left = await readdir(join(dir, 'kubeconfig'))
  expect(left).not.toContain(dead)
  expect(left).toContain(elsewhere)
  await made.close()
})

test('a folder that cannot be written is an error that names it, not a crash', async () => {
  const blocked = join(dir, 'blocked')
  await writeFile(blocked, '')
  const made = writeKubeconfig(
    join(blocked, 'run'),
    connection(async () => new Secret('planted-canary')),
  )
  await expect(made).rejects.toMatchObject({
    code: 'FolderUnwritable',
    exitCode: 3,
    message: expect.stringContaining(blocked),
    cause: expect.stringMatching(/ENOTDIR/),
  })
})
