import { appendFile, mkdtemp, readdir, readFile, rm, writeFile } from 'node:fs/promises'
import { createServer } from 'node:http'
import type { AddressInfo } from 'node:net'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { parse, stringify } from 'yaml'
import { imageDigest, parseImage } from '../../src/adapters/charts/image-digest.ts'
import { type ChartLock, parseChartLock } from '../../src/adapters/charts/lock.ts'
import { publishedVersions } from '../../src/adapters/charts/published.ts'
import { faultOf } from '../../src/cli/supply/images.ts'
import { verdictOn, verifyImages } from '../../src/cli/supply/verify-images.ts'
import { packChart, registry, sha256 } from '../adapters/charts/chart-server.ts'
import { FILE, runCli } from './run-cli.ts'

let dir = ''
let lock: ChartLock = {}
const closing: (() => unknown)[] = []

beforeAll(async () => {
  dir = await mkdtemp(join(tmpdir(), 'llmgw-supply-'))
  lock = parseChartLock(await readFile(new URL('../../helm-values/charts.lock.yaml', import.meta.url), 'utf8'))
  for (const { name, version } of Object.values(lock)) await packChart(join(dir, 'mirror'), { name, version })
})
afterAll(async () => {
  for (const close of closing) await close()
  await rm(dir, { recursive: true, force: true })
})

const withMirror = (path = join(dir, 'mirror'), more: object = {}): string =>
  `${FILE}${stringify({ charts: { mirror: { kind: 'directory', path }, ...more } })}`

/** Serves JSON or YAML by path on loopback. */
async function serve(answers: Readonly<Record<string, string>>): Promise<string> {
  const server = createServer((request, response) => {
    const body = answers[request.url ?? '']
    response.writeHead(body === undefined ? 404 : 200).end(body ?? '')
  })
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve))
  closing.push(() => server.close())
  return `127.0.0.1:${(server.address() as AddressInfo).port}`
}

describe('llmgw charts', () => {
  it('locks what the mirror has; the lock then holds against other bytes', async () => {
    const file = join(dir, 'charts.lock.yaml')
    const locked = await runCli(`charts lock --file ${file}`, { file: withMirror() })
    expect([locked.code, locked.stderr]).toEqual([0, ''])
    const written = parse(await readFile(file, 'utf8')) as {
      charts: Record<string, { version: string; digest: string }>
    }
    expect(Object.keys(written.charts).sort()).toEqual(Object.keys(lock).sort())
    const { name, version } = lock['redis-ha'] ?? { name: '', version: '' }
    const archive = join(dir, 'mirror', `${name}-${version}.tgz`)
    expect(written.charts['redis-ha']).toEqual({
      version,
      repository: lock['redis-ha']?.repository,
      digest: await sha256(await readFile(archive)),
    })

    const own = { file: withMirror(undefined, { lock: file }) }
    const good = await runCli('charts verify --strict', own)
    expect([good.code, good.stdout]).toEqual([0, expect.stringMatching(/redis-ha \S+: pinned, sha256:/)])

    const before = await readFile(archive)
    // Bytes after the end of an archive change nothing but its digest.
    await appendFile(archive, Buffer.alloc(512))
    const other = await runCli('charts verify', own)
    await writeFile(archive, before)
    expect(other.code).toBe(1)
    expect(other.stdout).toMatch(/redis-ha .*is not the one that was tested.*\(ChartDigestMismatch\)/)
    expect(other.stdout).toMatch(/1 of 7 charts wrong/)
  })

  it('says what has no digest, and counts that only when asked', async () => {
    const plain = await runCli('charts verify', { file: withMirror() })
    expect([plain.code, plain.stdout]).toEqual([0, expect.stringContaining('not pinned')])
    expect((await runCli('charts verify --strict', { file: withMirror() })).code).toBe(1)
  })

  it('names what a mirror lacks', async () => {
    const { code, stdout } = await runCli('charts verify', { file: withMirror(join(dir, 'nowhere')) })
    expect([code, stdout]).toEqual([1, expect.stringMatching(/jaeger .*\(ChartMissing\)/)])
  })

  it('takes a mirror that cannot be asked for no fault of a chart', async () => {
    const file = `${FILE}${stringify({ charts: { mirror: { kind: 'http', url: 'http://127.0.0.1:1' } } })}`
    const { code, stdout } = await runCli('charts verify', { file })
    expect([code, stdout]).toEqual([3, expect.stringContaining('7 charts, none wrong; 7 could not be looked at')])
  })

  it('locks no stand-in', async () => {
    const folder = join(dir, 'stand-ins')
    for (const { name, version } of Object.values(lock)) await packChart(folder, { name, version, standIn: true })
    const { code, stderr } = await runCli(`charts lock --file ${join(dir, 'no.yaml')}`, { file: withMirror(folder) })
    expect([code, stderr]).toEqual([3, expect.stringContaining('is a stand-in of the sandbox')])
  })

  it('refuses a lock of other charts, one that is not there, and one that cannot be written', async () => {
    const file = join(dir, 'other.yaml')
    await writeFile(
      file,
      stringify({ charts: { miner: { version: '1.0.0', repository: 'https://charts.example.com' } } }),
    )
    const other = await runCli('charts verify', { file: withMirror(undefined, { lock: file }) })
    expect([other.code, other.stderr]).toEqual([2, expect.stringContaining('pins what llmgw does not deploy: miner')])
    const none = await runCli('validate', { file: withMirror(undefined, { lock: 'absent.yaml' }) })
    expect([none.code, none.stdout]).toEqual([2, expect.stringContaining('ChartLockInvalid')])
    const unwritten = await runCli(`charts lock --file ${join(dir, 'absent', 'x.yaml')}`, { file: withMirror() })
    expect([unwritten.code, unwritten.stderr]).toEqual([2, expect.stringContaining('cannot be written')])
  })

  it('copies all of them to a folder that is a mirror then', async () => {
    const copy = join(dir, 'copy')
    const vendored = await runCli(`charts vendor ${copy}`, { file: withMirror() })
    expect([vendored.code, vendored.stdout]).toEqual([0, expect.stringContaining('copied 7 charts')])
    expect(await readdir(copy)).toEqual(await readdir(join(dir, 'mirror')))
    expect((await runCli('charts verify', { file: withMirror(copy) })).code).toBe(0)
    const half = await runCli(`charts vendor ${join(dir, 'half')}`, { file: withMirror(join(dir, 'nowhere')) })
    expect(half.code).toBe(3)
    await expect(readdir(join(dir, 'half'))).rejects.toThrow('ENOENT')
  })

  it('tells newer versions than the locked ones, and what it could not ask', async () => {
    const entries = Object.fromEntries(
      Object.values(lock).map(({ name, version }) => [
        name,
        [{ version: '0.0.1' }, { version }, { version: '999.0.0-rc.1' }],
      ]),
    )
    const newer = { ...entries, jaeger: [{ version: '998.0.0' }, { version: '997.0.0' }] }
    const { redisless } = {
      redisless: Object.fromEntries(Object.entries(newer).filter(([name]) => name !== 'redis-ha')),
    }
    const file = (url: string) => `${FILE}${stringify({ charts: { mirror: { kind: 'http', url: `http://${url}` } } })}`
    const all = file(await serve({ '/index.yaml': stringify({ entries: newer }) }))
    const told = await runCli('charts outdated --exit-code', { file: all })
    expect(told.code).toBe(4)
    expect(told.stdout).toContain(`jaeger ${lock.jaeger?.version}: newest is 998.0.0`)
    expect(told.stdout).toContain('1 of 7 charts outdated')
    const lacking = await runCli('charts outdated', {
      file: file(await serve({ '/index.yaml': stringify({ entries: redisless }) })),
    })
    expect([lacking.code, lacking.stdout]).toEqual([3, expect.stringContaining('has no version of chart redis-ha')])
  })
})

describe('a registry', () => {
  const never = new AbortController().signal

  it('tells the versions of a chart by its tags', async () => {
    const archive = await packChart(join(dir, 'oci'), { name: 'packed', version: '1.2.3' })
    const server = await registry({ name: 'packed', version: '1.2.3', file: archive })
    closing.push(server.close)
    const chart = { name: 'packed', version: '1.0.0', repository: `oci://${server.url}/charts` }
    expect(await publishedVersions(chart, { plainHttp: true, signal: never })).toEqual(['1.2.3'])
    await expect(
      publishedVersions({ ...chart, name: 'absent' }, { plainHttp: true, signal: never }),
    ).rejects.toMatchObject({
      code: 'ChartUnavailable',
      cause: expect.objectContaining({ message: expect.stringContaining('HTTP 404') }),
    })
  })

  it('tells the digest of an image, and gets a token first where it wants one', async () => {
    const digest = `sha256:${'a'.repeat(64)}`
    const server = createServer((request, response) => {
      if (request.url?.startsWith('/token')) return response.writeHead(200).end(JSON.stringify({ token: 'let-in' }))
      if (request.headers.authorization !== 'Bearer let-in') {
        const realm = `http://${request.headers.host}/token`
        return response.writeHead(401, { 'www-authenticate': `Bearer realm="${realm}",service="s",scope="pull"` }).end()
      }
      if (request.url !== '/v2/team/app/manifests/1.2') return response.writeHead(404).end()
      return response.writeHead(200, { 'docker-content-digest': digest }).end()
    })
    await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve))
    closing.push(() => server.close())
    const host = `127.0.0.1:${(server.address() as AddressInfo).port}`
    expect(await imageDigest({ name: `${host}/team/app`, tag: '1.2' }, never)).toBe(digest)
    await expect(imageDigest({ name: `${host}/team/app`, tag: '1.3' }, never)).rejects.toMatchObject({
      code: 'ImageMissing',
    })
  })
})

describe('verified images', () => {
  const [has, other] = [`sha256:${'a'.repeat(64)}`, `sha256:${'b'.repeat(64)}`]
  const STATUS: Readonly<Record<string, number>> = { gone: 410, private: 401, broken: 500 }
  let host = ''

  beforeAll(async () => {
    const server = createServer(({ url = '' }, response) => {
      const [, name = ''] = /^\/v2\/team\/(\w+)\/manifests\//.exec(url) ?? []
      if (name === 'app') return response.writeHead(200, { 'docker-content-digest': has }).end()
      return response.writeHead(STATUS[name] ?? 404).end('a page that speaks of HTTP 404')
    })
    await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve))
    closing.push(() => server.close())
    host = `127.0.0.1:${(server.address() as AddressInfo).port}`
  })

  const verify = (name: string, offline = false) =>
    verifyImages([{ image: name.includes('nobody') ? name : `${host}/team/${name}`, releases: ['r'] }], {
      offline,
      signal: new AbortController().signal,
    })

  it.each([
    ['app:1', 'tagged', 0],
    [`app@${has}`, 'pinned', 0],
    [`app@${other}`, 'differs', 1],
    ['app:latest', 'wrong', 1],
    ['absent:1', 'missing', 1],
    ['gone:1', 'missing', 1],
    ['private:1', 'could-not-look', 3],
    ['broken:1', 'could-not-look', 3],
    // A port where nobody listens.
    ['127.0.0.1:1/nobody/app:1', 'could-not-look', 3],
  ])('%s: %s, exit %i', async (name, state, exitCode) => {
    const rows = await verify(name)
    expect(rows).toMatchObject([{ state }])
    expect(verdictOn(rows, false).exitCode).toBe(exitCode)
  })

  it('are not asked for offline; without a digest they are wrong where that is asked', async () => {
    const rows = [...(await verify('absent:1', true)), ...(await verify('private:1'))]
    expect(rows).toMatchObject([{ state: 'tagged' }, { state: 'could-not-look' }])
    expect(verdictOn(rows, false)).toEqual({ wrong: 0, unseen: 1, exitCode: 3 })
    // What is known to be wrong is said, whatever is unknown beside it.
    expect(verdictOn(rows, true)).toEqual({ wrong: 1, unseen: 1, exitCode: 1 })
  })

  it('are none where nobody waits for the answer any more', async () => {
    const signal = AbortSignal.abort()
    await expect(
      verifyImages([{ image: `${host}/team/app:1`, releases: [] }], { offline: false, signal }),
    ).rejects.toBe(signal.reason)
  })
})

describe('an image reference', () => {
  const digest = `sha256:${'0'.repeat(64)}`

  it.each([
    ['quay.io/jaegertracing/jaeger:2.1.0', { name: 'quay.io/jaegertracing/jaeger', tag: '2.1.0' }],
    [`redis:7@${digest}`, { name: 'redis', tag: '7', digest }],
    ['127.0.0.1:5000/a/b', { name: '127.0.0.1:5000/a/b' }],
    ['https://example.com/x', undefined],
    ['x; rm -rf /', undefined],
    ['', undefined],
  ])('%s has its parts', (text, parts) => expect(parseImage(text)).toEqual(parts))

  it.each([
    ['quay.io/a/b:1.0.0', undefined],
    ['quay.io/a/b:main-stable', 'tag main-stable is moved'],
    ['quay.io/a/b', 'has neither tag nor digest'],
    [`quay.io/a/b:latest@${digest}`, undefined],
    ['not an image', 'is no image reference'],
  ])('%s is good or told why not', (image, fault) => expect(faultOf(image).fault).toBe(fault))
})
