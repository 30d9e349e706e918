import { mkdtemp, readdir, readFile, rm, stat } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterEach, beforeEach, describe, expect, test } from 'vitest'
import { officialFile } from '../../src/sandbox/tools/cache.ts'
import { downloadReleases, silentHosts } from '../../src/sandbox/tools/official.ts'
import { TOOL_NAMES, type ToolName } from '../../src/sandbox/tools/pins.ts'
import { byteProgress } from '../../src/sandbox/tools/progress.ts'
import { listedDigest, type Release, releaseOf } from '../../src/sandbox/tools/releases.ts'
import { findTools, type Making, makeTools, planMaking } from '../../src/sandbox/tools/resolve.ts'
import { transfer } from '../../src/sandbox/tools/transfer.ts'
import { archive, openReleaseMirror, type ReleaseMirror, sha256 } from './release-mirror.ts'

let mirror: ReleaseMirror
let cacheDir = ''
let said: string[] = []
beforeEach(async () => {
  mirror = await openReleaseMirror()
  cacheDir = await mkdtemp(join(tmpdir(), 'llmgw-download-'))
  said = []
})
afterEach(async () => {
  await mirror.close()
  await rm(cacheDir, { recursive: true, force: true })
})

const KUBECTL = Buffer.from(`#!/bin/sh\n# ${'x'.repeat(100_000)}\necho 'Client Version: v1.35.4'\n`)
const HELM = Buffer.from("#!/bin/sh\necho 'v4.3.1'\n")

const context = (making: Making = 'auto') => ({
  cacheDir,
  // No `go` can be found there: whatever builds fails.
  environment: { PATH: '/nowhere' },
  report: (line: string) => void said.push(line),
  signal: new AbortController().signal,
  making,
  mirror: mirror.url,
})

function release(tool: ToolName): Release {
  const found = releaseOf(tool, { mirror: mirror.url, arch: 'x64' })
  if (found === undefined) throw new Error(`no release of ${tool}`)
  return found
}

const pathOf = (url: string): string => url.slice(mirror.url.length + 1)

/** Serves a release with its checksum, or with another. */
function publish(tool: ToolName, content: Buffer, digest = sha256(content)): Release {
  const published = release(tool)
  mirror.files.set(pathOf(published.url), content)
  mirror.files.set(pathOf(published.checksumsUrl), Buffer.from(`${digest}\n`))
  return published
}

const download = async (...releases: Release[]) => await downloadReleases(releases, context())
/** Names of what is left in the cache, but for finished tools. */
const leftovers = async () => (await readdir(join(cacheDir, 'tools'))).filter((name) => name.startsWith('.'))

describe('addresses of releases', () => {
  test('are those of the publishers, or below the mirror by host', () => {
    expect(releaseOf('kube-apiserver', { platform: 'linux', arch: 'arm64' })).toMatchObject({
      url: 'https://dl.k8s.io/release/v1.35.4/bin/linux/arm64/kube-apiserver',
      checksumsUrl: 'https://dl.k8s.io/release/v1.35.4/bin/linux/arm64/kube-apiserver.sha256',
    })
    expect(releaseOf('helm', { platform: 'linux', arch: 'x64', mirror: 'http://mirror.test/tools/' })).toMatchObject({
      url: 'http://mirror.test/tools/get.helm.sh/helm-v4.3.1-linux-amd64.tar.gz',
      member: 'linux-amd64/helm',
    })
  })

  test('exist for every tool on the platforms that publishers have, and for no other', () => {
    for (const tool of TOOL_NAMES) {
      const found = releaseOf(tool, { platform: 'linux', arch: 'x64' })
      expect(`${found?.url}${found?.checksumsUrl}`).toMatch(/^https:[^{}]+$/)
      expect(releaseOf(tool, { platform: 'linux', arch: 'riscv64' })).toBeUndefined()
      expect(releaseOf(tool, { platform: 'darwin', arch: 'arm64' })).toBeUndefined()
    }
  })
})

describe('the digest that a publisher lists', () => {
  const a = 'a'.repeat(64)
  const b = 'b'.repeat(64)
  const url = 'https://x.test/d/tool-linux-amd64'
  const asset = (name: string, digest: string | null) => ({ name, digest })
  test.each([
    ['alone', a, { algorithm: 'sha256', value: a }],
    ['alone, longer', `${a}${a}\n`, { algorithm: 'sha512', value: `${a}${a}` }],
    ['in a list', `${b}  tool-linux-arm64\n${a}  tool-linux-amd64\n`, { algorithm: 'sha256', value: a }],
    ['in a list with a folder and a star', `${a} *./out/tool-linux-amd64\n`, { algorithm: 'sha256', value: a }],
    ['of another file', `${b}  other-tool-linux-amd64\n`, undefined],
    ['not at all', '<html>', undefined],
    [
      'in the record of a release',
      JSON.stringify({ assets: [asset('other', `sha256:${b}`), asset('tool-linux-amd64', `sha256:${a}`)] }),
      { algorithm: 'sha256', value: a },
    ],
    ['missing in the record', JSON.stringify({ assets: [asset('tool-linux-amd64', null)] }), undefined],
  ])('%s', (_case, text, expected) => {
    expect(listedDigest(text, url)).toEqual(expected)
  })
})

describe('downloading', () => {
  test('puts programs and members of archives into the cache, ready to run', async () => {
    const kubectl = publish('kubectl', KUBECTL)
    const helm = publish('helm', await archive({ 'linux-amd64/README.md': Buffer.from('x'), 'linux-amd64/helm': HELM }))
    expect((await download(kubectl, helm)).map(({ tool, outcome }) => [tool, outcome])).toEqual([
      ['kubectl', { path: officialFile(cacheDir, 'kubectl'), url: kubectl.url }],
      ['helm', { path: officialFile(cacheDir, 'helm'), url: helm.url }],
    ])
    expect(await readFile(officialFile(cacheDir, 'helm'))).toEqual(HELM)
    expect((await stat(officialFile(cacheDir, 'kubectl'))).mode & 0o111).toBe(0o111)
    expect((await findTools(context())).found.get('kubectl')).toMatchObject({ origin: 'downloaded', version: '1.35.4' })
    expect(await leftovers()).toEqual([])
  })

  test('refuses a wrong checksum with both digests and the address, and keeps nothing', async () => {
    const { url } = publish('kubectl', KUBECTL, '0'.repeat(64))
    const message = `${url} has sha256 ${sha256(KUBECTL)}, its publisher lists ${'0'.repeat(64)} in ${url}.sha256`
    await expect(download(release('kubectl'))).rejects.toMatchObject({
      code: 'SandboxDownloadChecksum',
      exitCode: 3,
      message,
    })
    expect((await findTools(context())).missing).toContain('kubectl')
    expect(await leftovers()).toEqual([])
  })

  test('asks only for what did not arrive before a cut', async () => {
    const kubectl = publish('kubectl', KUBECTL)
    const path = pathOf(kubectl.url)
    const half = Math.floor(KUBECTL.length / 2)
    mirror.held.add(path)
    let arrived = 0
    const file = join(cacheDir, 'kubectl')
    const digest = await transfer({
      ...context(),
      url: kubectl.url,
      file,
      algorithm: 'sha256',
      onSize: () => undefined,
      onRetry: () => undefined,
      onBytes(bytes) {
        arrived += bytes
        if (arrived === half) mirror.stopped.get(path)?.destroy()
      },
    })
    expect(digest).toBe(sha256(KUBECTL))
    expect(arrived).toBe(KUBECTL.length)
    expect(mirror.requests).toEqual([path, `${path} bytes=${half}-`])
    expect(await readFile(file)).toEqual(KUBECTL)
  })

  test('tries a download that was cut once more', async () => {
    const kubectl = publish('kubectl', KUBECTL)
    const path = pathOf(kubectl.url)
    mirror.cuts.set(path, 1)
    const [first] = await download(kubectl)
    expect(first?.outcome).toHaveProperty('path')
    expect(mirror.requests.filter((request) => request.startsWith(path) && !request.includes('.sha256'))).toHaveLength(
      2,
    )
    expect(said).toEqual(expect.arrayContaining([expect.stringMatching(/was cut after \d+ bytes .*: once more$/)]))
    expect(await readFile(officialFile(cacheDir, 'kubectl'))).toEqual(KUBECTL)
  })

  test('gives up on one that is cut twice, and says which', async () => {
    const kubectl = publish('kubectl', KUBECTL)
    mirror.cuts.set(pathOf(kubectl.url), 2)
    expect(await download(kubectl)).toEqual([
      { tool: 'kubectl', outcome: { reason: expect.stringContaining(`${kubectl.url}: `) } },
    ])
    expect(mirror.cuts.get(pathOf(kubectl.url))).toBe(0)
    expect(await leftovers()).toEqual([])
  })

  test('does not ask twice for a version that is not there, nor take a file without a checksum', async () => {
    const kubectl = publish('kubectl', KUBECTL)
    mirror.files.delete(pathOf(kubectl.url))
    expect(await download(kubectl)).toEqual([{ tool: 'kubectl', outcome: { reason: `${kubectl.url} answers 404` } }])
    expect(mirror.requests.filter((request) => request === pathOf(kubectl.url))).toHaveLength(1)
    publish('kubectl', KUBECTL, 'no digest')
    expect(await download(kubectl)).toMatchObject([
      { outcome: { reason: `${kubectl.checksumsUrl} lists no digest of ${kubectl.url}` } },
    ])
  })

  test('does not take a program that says it is another version, or a broken archive', async () => {
    const old = Buffer.from("#!/bin/sh\necho 'Client Version: v1.20.0'\n")
    const kubectl = publish('kubectl', old)
    const helm = publish('helm', await archive({ 'linux-amd64/other': HELM }))
    expect(await download(kubectl, helm)).toMatchObject([
      { outcome: { reason: `${kubectl.url} gives 1.20.0` } },
      { outcome: { reason: `${helm.url}: the archive has no linux-amd64/helm` } },
    ])
  })
})

describe('choosing between downloading and building', () => {
  const missing = ['kubectl', 'helm'] as const

  test('asks each host once, and takes any answer', async () => {
    const plan = await planMaking(missing, context())
    expect(plan.download.map(({ tool }) => tool)).toEqual(missing)
    expect(plan.build).toEqual([])
    expect(mirror.requests).toHaveLength(1)
    expect(said).toEqual([])
  })

  test('asks nobody when tools are to be built', async () => {
    expect(await planMaking(missing, context('build'))).toEqual({ download: [], build: missing })
    expect(mirror.requests).toEqual([])
  })

  test('builds what cannot be reached and says so; with download only, it is an error', async () => {
    await mirror.close()
    expect(await planMaking(missing, context())).toEqual({ download: [], build: missing })
    expect(said).toEqual([
      expect.stringMatching(
        /^127\.0\.0\.1:\d+ cannot be reached \(.*ECONNREFUSED.*\): building kubectl, helm instead$/,
      ),
    ])
    await expect(planMaking(missing, context('download'))).rejects.toMatchObject({ code: 'SandboxDownloadFailed' })
  })

  test('builds what turns out not to be published, and says why; the rest stays downloaded', async () => {
    publish('kubectl', KUBECTL)
    const plan = await planMaking(missing, context())
    const checked: string[] = []
    const made = makeTools(plan, context(), async (tools) => {
      checked.push(...tools)
      throw new Error('no Go')
    })
    await expect(made).rejects.toThrow('no Go')
    expect(checked).toEqual(['helm'])
    expect(said.at(-1)).toBe(`${release('helm').checksumsUrl} answers 404: building helm instead`)
    expect((await findTools(context())).found.get('kubectl')).toMatchObject({ origin: 'downloaded' })
    const strict = makeTools({ ...plan, build: [] }, context('download'), async () => undefined)
    await expect(strict).rejects.toMatchObject({ code: 'SandboxDownloadFailed' })
  })

  test('does not wait for a host that never answers', async () => {
    const kubectl = release('kubectl')
    for (const url of [kubectl.url, kubectl.checksumsUrl]) mirror.silent.add(pathOf(url))
    const silent = await silentHosts([kubectl], context(), 50)
    expect([...silent.values()]).toEqual(['no answer within 0.05 s'])
  })
})

test('bytes are added up over all files, about once a percent, with what is left', () => {
  const lines: string[] = []
  let now = 0
  const file = byteProgress(
    2,
    (line) => lines.push(line),
    () => now,
  )
  const [first, second] = [file(), file()]
  first.onSize(60_000_000)
  second.onSize(40_000_000)
  for (let index = 0; index < 500; index += 1) {
    now += 0.02
    first.onBytes(100_000)
  }
  expect(lines.length).toBeLessThanOrEqual(51)
  expect(lines[0]).toBe('downloading 2 tools: 1/100 MB')
  expect(lines.at(-1)).toBe('downloading 2 tools: 50/100 MB, 5.0 MB/s, about 10 s left')
})
