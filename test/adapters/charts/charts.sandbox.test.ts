import { mkdtemp, readdir, readFile, rm, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import { createCharts } from '../../../src/adapters/charts/create-charts.ts'
import { createHelmRunner, type HelmCall } from '../../../src/adapters/helm/runner.ts'
import { useSandbox } from '../../sandbox-under-test.ts'
import { type ChartServer, packChart, registry, sha256, webFolder } from './chart-server.ts'

// Only helm is needed of it; the mirrors are in this process.
const sandbox = useSandbox()
const servers: ChartServer[] = []
let dir = ''
let file = ''
let digest = ''

beforeAll(async () => {
  dir = await mkdtemp(join(tmpdir(), 'llmgw-mirror-test-'))
  file = await packChart(dir, { name: 'packed', version: '1.2.3' })
  digest = await sha256(await readFile(file))
})
afterAll(async () => {
  for (const server of servers) await server.close()
  await rm(dir, { recursive: true, force: true })
})

async function serve(server: Promise<ChartServer>): Promise<ChartServer> {
  const made = await server
  servers.push(made)
  return made
}

async function charts(mirror: Parameters<typeof createCharts>[0]['mirror'], pin: string | undefined = digest) {
  const cacheDir = await mkdtemp(join(dir, 'cache-'))
  const runner = createHelmRunner({ binary: sandbox.connection.helm, home: join(cacheDir, 'helm'), env: process.env })
  const calls: HelmCall[] = []
  const make = () =>
    createCharts({
      lock: { packed: { name: 'packed', version: '1.2.3', repository: 'https://charts.example.com', digest: pin } },
      mirror,
      cacheDir,
      run(call) {
        calls.push(call)
        return runner.run(call)
      },
    })
  return { make, calls, cached: () => readdir(join(cacheDir, 'charts'), { recursive: true }) }
}

describe('an http mirror', () => {
  test('serves a chart, which later runs take from the cache without a process', async () => {
    const server = await serve(webFolder({ 'packed-1.2.3.tgz': file }))
    const { make, calls } = await charts({ kind: 'http', url: `http://${server.url}` })
    const first = await make().resolve('packed')
    expect(first.info).toEqual({ name: 'packed', version: '1.2.3', digest, standIn: false, pinned: true })
    expect(await sha256(await readFile(first.path))).toBe(digest)
    expect(calls).toHaveLength(1)
    expect(await make().resolve('packed')).toEqual(first)
    expect(calls).toHaveLength(1)
  })

  test('with an index is read as a chart repository', async () => {
    const index = join(dir, 'index.yaml')
    const entry = {
      name: 'packed',
      version: '1.2.3',
      apiVersion: 'v2',
      urls: ['files/packed-1.2.3.tgz'],
      digest: digest.slice(7),
    }
    await writeFile(index, JSON.stringify({ apiVersion: 'v1', entries: { packed: [entry] } }))
    const server = await serve(webFolder({ 'index.yaml': index, 'files/packed-1.2.3.tgz': file }))
    const { make } = await charts({ kind: 'http', url: `http://${server.url}/` })
    expect((await make().resolve('packed')).info.digest).toBe(digest)
  })

  test('without the chart is named, with the file it should have', async () => {
    const server = await serve(webFolder({}))
    const { make } = await charts({ kind: 'http', url: `http://${server.url}` })
    await expect(make().resolve('packed')).rejects.toMatchObject({
      code: 'ChartMissing',
      message: `chart packed 1.2.3 is not in the mirror http://${server.url}: expected packed-1.2.3.tgz`,
    })
  })

  test('that breaks off leaves nothing in the cache', async () => {
    const server = await serve(webFolder({ 'packed-1.2.3.tgz': file }, ['packed-1.2.3.tgz']))
    const { make, cached } = await charts({ kind: 'http', url: `http://${server.url}` })
    await expect(make().resolve('packed')).rejects.toMatchObject({ code: 'ChartUnavailable' })
    expect((await cached()).filter((name) => /tgz|part/.test(name))).toEqual([])
  })

  test('that is down is not taken for one without the chart', async () => {
    const server = await webFolder({})
    await server.close()
    const { make } = await charts({ kind: 'http', url: `http://${server.url}` })
    await expect(make().resolve('packed')).rejects.toMatchObject({
      code: 'ChartUnavailable',
      cause: expect.stringContaining('refused'),
    })
  })

  test('with other bytes is refused, naming both digests, and keeps nothing', async () => {
    const pin = `sha256:${'0'.repeat(64)}`
    const server = await serve(webFolder({ 'packed-1.2.3.tgz': file }))
    const { make, cached } = await charts({ kind: 'http', url: `http://${server.url}` }, pin)
    await expect(make().resolve('packed')).rejects.toMatchObject({
      code: 'ChartDigestMismatch',
      message: expect.stringContaining(`found ${digest}, expected ${pin}`),
    })
    expect((await cached()).filter((name) => /tgz|part/.test(name))).toEqual([])
  })
})

describe('an OCI mirror', () => {
  test('serves a chart over plain http', async () => {
    const server = await serve(registry({ name: 'packed', version: '1.2.3', file }))
    const { make } = await charts({ kind: 'oci', url: `oci://${server.url}/charts`, plainHttp: true })
    expect((await make().resolve('packed')).info).toMatchObject({ digest, pinned: true })
    expect(server.requests.every((line) => /^(GET|HEAD) /.test(line))).toBe(true)
  })

  test('without the chart is named, with the tag it should have', async () => {
    const server = await serve(registry({ name: 'another', version: '1.2.3', file }))
    const { make } = await charts({ kind: 'oci', url: `oci://${server.url}/charts`, plainHttp: true })
    await expect(make().resolve('packed')).rejects.toMatchObject({
      code: 'ChartMissing',
      message: expect.stringContaining('expected packed:1.2.3'),
    })
  })
})
