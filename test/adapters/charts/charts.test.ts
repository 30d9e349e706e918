import { cp, mkdir, mkdtemp, readFile, rm, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterEach, beforeEach, describe, expect, test } from 'vitest'
import { createCharts } from '../../../src/adapters/charts/create-charts.ts'
import { folderDigest } from '../../../src/adapters/charts/inspect.ts'
import { type LockedChart, parseChartLock } from '../../../src/adapters/charts/lock.ts'
import { packChart, sha256 } from './chart-server.ts'

let dir = ''
beforeEach(async () => {
  dir = await mkdtemp(join(tmpdir(), 'llmgw-charts-test-'))
})
afterEach(async () => {
  await rm(dir, { recursive: true, force: true })
})

const locked: LockedChart = { name: 'packed', version: '1.2.3', repository: 'https://charts.example.com' }

function fromDirectory(path: string, pins: Partial<LockedChart> = {}) {
  return createCharts({
    lock: { packed: { ...locked, ...pins }, echo: { ...locked, name: 'echo', version: '1.0.0', ...pins } },
    mirror: { kind: 'directory', path },
    cacheDir: join(dir, 'cache'),
    run: () => expect.fail('a chart in a directory needs no process'),
  })
}

describe('a directory mirror', () => {
  test('gives a packed chart with its digest, without a process', async () => {
    const file = await packChart(dir, locked)
    const digest = await sha256(await readFile(file))
    const found = await fromDirectory(dir, { digest }).resolve('packed')
    expect(found).toEqual({
      path: file,
      info: { name: 'packed', version: '1.2.3', digest, standIn: false, pinned: true },
    })
  })

  test('gives a chart whose digest nobody pinned, and says so', async () => {
    await packChart(dir, locked)
    expect((await fromDirectory(dir).resolve('packed')).info).toMatchObject({ standIn: false, pinned: false })
  })

  test('gives an unpacked chart; its digest follows paths and contents only', async () => {
    const { path, info } = await fromDirectory('test/fixtures/charts').resolve('echo')
    expect(path).toMatch(/test\/fixtures\/charts\/echo$/)
    await cp(path, join(dir, 'echo'), { recursive: true })
    expect((await fromDirectory(dir).resolve('echo')).info.digest).toBe(info.digest)
    await writeFile(join(dir, 'echo', 'values.yaml'), 'replicas: 3\n')
    expect((await fromDirectory(dir).resolve('echo')).info.digest).not.toBe(info.digest)
  })

  test('refuses an unpacked chart with other contents than pinned', async () => {
    const contents = `sha256:${'0'.repeat(64)}`
    await expect(fromDirectory('test/fixtures/charts', { contents }).resolve('echo')).rejects.toMatchObject({
      code: 'ChartDigestMismatch',
    })
  })

  test('refuses other bytes, naming both digests', async () => {
    const found = await sha256(await readFile(await packChart(dir, locked)))
    const digest = `sha256:${'0'.repeat(64)}`
    await expect(fromDirectory(dir, { digest }).resolve('packed')).rejects.toMatchObject({
      code: 'ChartDigestMismatch',
      message: expect.stringContaining(`found ${found}, expected ${digest}`),
    })
  })

  test('never compares a stand-in with the digest of the real chart', async () => {
    await packChart(dir, { ...locked, standIn: true })
    const { info } = await fromDirectory(dir, { digest: `sha256:${'0'.repeat(64)}` }).resolve('packed')
    expect(info).toMatchObject({ standIn: true, pinned: false })
  })

  test('refuses another chart under the name', async () => {
    const file = await packChart(dir, { name: 'packed', version: '9.9.9' })
    await cp(file, join(dir, 'packed-1.2.3.tgz'))
    await expect(fromDirectory(dir).resolve('packed')).rejects.toMatchObject({
      code: 'ChartMismatch',
      message: expect.stringContaining('holds chart packed 9.9.9, expected packed 1.2.3'),
    })
  })

  test('names the file that is missing, and a directory that is none', async () => {
    await expect(fromDirectory(dir).resolve('packed')).rejects.toMatchObject({
      code: 'ChartMissing',
      message: `chart packed 1.2.3 is not in the mirror ${dir}: expected packed-1.2.3.tgz or packed/Chart.yaml`,
    })
    await expect(fromDirectory(join(dir, 'nowhere')).resolve('packed')).rejects.toMatchObject({
      message: `the chart mirror ${join(dir, 'nowhere')} is not a directory`,
    })
  })

  test('refuses a cut archive, and takes the whole one afterwards', async () => {
    const file = await packChart(dir, locked)
    const whole = await readFile(file)
    await writeFile(file, whole.subarray(0, whole.length / 2))
    const charts = fromDirectory(dir)
    await expect(charts.resolve('packed')).rejects.toMatchObject({ code: 'ChartUnreadable' })
    await writeFile(file, whole)
    expect((await charts.resolve('packed')).path).toBe(file)
  })
})

test('the digest of a folder tells a moved boundary between path and content', async () => {
  for (const [folder, name, content] of [
    ['a', 'ab', 'c'],
    ['b', 'a', 'bc'],
  ] as const) {
    await mkdir(join(dir, folder))
    await writeFile(join(dir, folder, name), content)
  }
  expect(await folderDigest(join(dir, 'a'))).not.toBe(await folderDigest(join(dir, 'b')))
})

describe('the chart lock file', () => {
  test('pins exact versions of the charts that are deployed', async () => {
    const lock = parseChartLock(await readFile('helm-values/charts.lock.yaml', 'utf8'))
    expect(lock).toMatchObject({
      'external-secrets': { name: 'external-secrets', version: '2.9.0' },
      'redis-ha': { name: 'redis-ha', version: '4.39.0' },
    })
  })

  test('with an unknown key or a digest that is none is refused', () => {
    const chart = (line: string) =>
      `charts:\n  a:\n    version: 1.0.0\n    repository: https://x.example.com\n    ${line}\n`
    expect(() => parseChartLock(chart('digest: sha256:abc'))).toThrow(/not a chart lock file/)
    expect(() => parseChartLock(chart('dgest: x'))).toThrow(/not a chart lock file/)
    expect(parseChartLock(chart(`digest: sha256:${'a'.repeat(64)}`)).a?.name).toBe('a')
  })

  test('without the chart that is asked for is a configuration error', async () => {
    await expect(fromDirectory(dir).resolve('nothing')).rejects.toMatchObject({ code: 'ChartUnknown' })
  })
})
