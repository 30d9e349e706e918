import { chmod, mkdtemp, readFile, rm, stat, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterEach, beforeEach, describe, expect, test } from 'vitest'
import { sandboxConfig } from '../../src/cli/sandbox-world.ts'
import { resolveCharts, upstream } from '../../src/sandbox/charts.ts'
import { type SandboxConnection, shellExports } from '../../src/sandbox/connection.ts'
import { childEnvironment } from '../../src/sandbox/environment.ts'
import { isLoopback, pickServiceRange } from '../../src/sandbox/service-range.ts'
import { fakeAccount, oidcIssuer, readSettings, type Settings, writeSettings } from '../../src/sandbox/settings.ts'
import { placeOf } from '../../src/sandbox/world.ts'

describe('the Service range', () => {
  test('is the same for the same sandbox, in 127.64.0.0/10, in blocks of 4,096', () => {
    const range = pickServiceRange('/state/a', new Set())
    expect(pickServiceRange('/state/a', new Set())).toBe(range)
    for (let index = 0; index < 200; index += 1) {
      const [, second, third] = /^127\.(\d+)\.(\d+)\.0\/20$/.exec(pickServiceRange(`/state/${index}`, new Set())) ?? []
      expect(Number(second)).toBeGreaterThanOrEqual(64)
      expect(Number(second)).toBeLessThan(128)
      expect(Number(third) % 16).toBe(0)
    }
  })

  test('avoids ranges in use, until none is left', () => {
    const all = Array.from({ length: 1024 }, (_, block) => `127.${64 + (block >> 4)}.${(block % 16) * 16}.0/20`)
    const [last = '', ...others] = all
    expect(pickServiceRange('/state/a', new Set(others))).toBe(last)
    expect(() => pickServiceRange('/state/a', new Set(all))).toThrow('every Service range')
  })

  test.each([
    ['127.64.0.1', true],
    ['10.96.0.1', false],
    ['127.64.0.1.example.test', false],
    ['::1', false],
    ['', false],
  ])('%s on loopback: %s', (address, expected) => {
    expect(isLoopback(address)).toBe(expected)
  })
})

describe('the environment of children', () => {
  test('keeps what tools need and drops what would mislead them', () => {
    const shell = {
      PATH: '/bin',
      HOME: '/home/u',
      GOPROXY: 'https://proxy.test',
      PIP_INDEX_URL: 'https://pip.test',
      HTTPS_PROXY: 'http://p.test',
      KUBECONFIG: '/prod',
      AWS_PROFILE: 'prod',
      HELM_NAMESPACE: 'x',
      GOFLAGS: '-mod=mod',
      ETCD_NAME: 'x',
      KWOK_WORKDIR: '/x',
      PYTHONPATH: '/x',
      UNSET: undefined,
    }
    expect(Object.keys(childEnvironment(shell)).sort()).toEqual(
      ['GOPROXY', 'HOME', 'HTTPS_PROXY', 'PATH', 'PIP_INDEX_URL'].sort(),
    )
  })
})

const connection: SandboxConnection = {
  name: 'default',
  dir: '/state',
  kubeconfig: "/home/o'neil/kubeconfig",
  context: 'llmgw-sandbox-default',
  aws: fakeAccount(4566),
  helm: '/bin/helm',
  gator: '/tools/gator',
  serviceRange: '127.64.0.0/20',
  oidcIssuer: 'https://issuer.test',
  charts: { kind: 'upstream' },
  pods: { kind: 'simulated', programs: [], real: [] },
}

describe('the built-in configuration', () => {
  const valuesWith = (pods: SandboxConnection['pods']) => sandboxConfig({ ...connection, pods }).values

  test('is the platform, as far as programs behind the pods leave it possible', () => {
    expect(valuesWith(connection.pods)).toEqual({ preset: 'platform', storage: { manage: 'create' } })
    const gateway = valuesWith({ kind: 'process', programs: ['litellm', 'redis'], real: [] })
    expect(gateway).toMatchObject({ database: { kind: 'none' }, cache: { replicas: 1 } })
    expect(gateway).not.toHaveProperty('auth')
    const withUi = valuesWith({ kind: 'process', programs: ['litellm', 'open-webui'], real: [] })
    expect(withUi).toMatchObject({ database: { kind: 'none' }, auth: { ui: 'local' } })
  })
})

describe('the exports for a shell', () => {
  test('name every address, quoted, and clear what would win over them', () => {
    expect(shellExports(connection)).toMatchInlineSnapshot(`
      "export KUBECONFIG='/home/o'\\''neil/kubeconfig'
      export AWS_ENDPOINT_URL='http://127.0.0.1:4566'
      export AWS_ACCESS_KEY_ID='AKIASANDBOXADMIN0000'
      export AWS_SECRET_ACCESS_KEY='sandbox/only/fake/key/of/the/aws/emulator'
      export AWS_REGION='us-east-1'
      export AWS_DEFAULT_REGION='us-east-1'
      export AWS_EC2_METADATA_DISABLED='true'
      unset AWS_PROFILE AWS_SESSION_TOKEN
      "
    `)
  })
})

describe('the source of charts', () => {
  const answering = (...urls: readonly RegExp[]) => ({
    standInDir: '/sandbox/charts',
    probe: async (url: string) => urls.some((pattern) => pattern.test(url)),
  })
  const standIn = { kind: 'stand-in', mirror: { kind: 'directory', path: '/sandbox/charts' } }

  test('auto takes upstream only when all of its repositories answer', async () => {
    expect(await resolveCharts('auto', answering(/./))).toEqual({ kind: 'upstream' })
    expect(await resolveCharts('auto', answering(/external-secrets/))).toEqual(standIn)
    expect(await resolveCharts('auto', answering())).toEqual(standIn)
  })

  test('asks each repository of the chart lock once, registries at their root', async () => {
    const asked: string[] = []
    const probe = async (url: string) => asked.push(url) > 0
    await resolveCharts('auto', { standInDir: '/sandbox/charts', probe })
    expect(asked).toContain('https://charts.external-secrets.io/index.yaml')
    expect(asked).toContain('https://dandydeveloper.github.io/charts/index.yaml')
    const chart = (repository: string) => ({ name: 'x', version: '1.0.0', repository })
    expect(
      upstream({
        a: chart('https://charts.test/one/'),
        b: chart('https://charts.test/one'),
        c: chart('oci://registry.test/x/y'),
        d: chart('oci://registry.test/z'),
      }),
    ).toEqual(['https://charts.test/one/index.yaml', 'https://registry.test/v2/'])
  })

  test('asks nobody when a source is named', async () => {
    const probe = () => Promise.reject(new Error('asked'))
    const demand = { standInDir: '/sandbox/charts', probe }
    expect(await resolveCharts('upstream', demand)).toEqual({ kind: 'upstream' })
    expect(await resolveCharts('stand-in', demand)).toEqual(standIn)
    await expect(resolveCharts('auto', demand)).rejects.toThrow('asked')
  })

  test.each([
    ['/charts', { kind: 'directory', path: '/charts' }],
    ['http://127.0.0.1:8080/charts', { kind: 'http', url: 'http://127.0.0.1:8080/charts' }],
    ['oci://registry.test/charts', { kind: 'oci', url: 'oci://registry.test/charts', plainHttp: false }],
    ['oci://127.0.0.1:5000/charts', { kind: 'oci', url: 'oci://127.0.0.1:5000/charts', plainHttp: true }],
  ])('reads %s as a mirror', async (choice, mirror) => {
    expect(await resolveCharts(choice, answering())).toEqual({ kind: 'mirror', mirror })
  })

  test('refuses a word that is no source', async () => {
    await expect(resolveCharts('standin', answering())).rejects.toMatchObject({ exitCode: 2 })
  })
})

describe('settings', () => {
  let folder = ''
  beforeEach(async () => {
    folder = await mkdtemp(join(tmpdir(), 'llmgw-settings-'))
  })
  afterEach(async () => {
    await rm(folder, { recursive: true, force: true })
  })
  const settings: Settings = {
    format: 1,
    name: 'default',
    serviceRange: '127.64.0.0/20',
    oidcIssuer: oidcIssuer('default'),
    aws: fakeAccount(4566),
    tools: { helm: '/bin/helm', gatekeeper: '/tools/gatekeeper' },
    charts: { kind: 'upstream' },
  }

  test('come back as they were written, in a file for this user only', async () => {
    const dir = join(folder, 'default')
    expect(await readSettings(dir)).toBeUndefined()
    await writeSettings(dir, settings)
    expect(await readSettings(dir)).toEqual(settings)
    expect((await stat(join(dir, 'sandbox.json'))).mode & 0o777).toBe(0o600)
    expect((await stat(dir)).mode & 0o777).toBe(0o700)
  })

  test('of another format count as none; a file that cannot be read is an error', async () => {
    await writeSettings(folder, settings)
    const file = join(folder, 'sandbox.json')
    await writeFile(file, (await readFile(file, 'utf8')).replace('"format": 1', '"format": 2'))
    expect(await readSettings(folder)).toBeUndefined()
    await writeFile(file, '{')
    await chmod(file, 0o600)
    await expect(readSettings(folder)).rejects.toThrow()
  })

  test('name an issuer as EKS does, another for each sandbox', () => {
    expect(oidcIssuer('a')).toMatch(/^https:\/\/oidc\.eks\.us-east-1\.amazonaws\.com\/id\/[0-9A-F]{32}$/)
    expect(oidcIssuer('a')).toBe(oidcIssuer('a'))
    expect(oidcIssuer('a')).not.toBe(oidcIssuer('b'))
  })
})

describe('the place of a sandbox', () => {
  test('follows the XDG folders', () => {
    const place = placeOf({ shell: { HOME: '/h', XDG_CACHE_HOME: '/c' } })
    expect(place).toMatchObject({ dir: '/h/.local/state/llmgw/sandboxes/default', cacheDir: '/c/llmgw' })
    expect(placeOf({ name: 'x', shell: { XDG_STATE_HOME: '/s' } }).dir).toBe('/s/llmgw/sandboxes/x')
  })

  test.each(['', '..', 'a/b', 'A', '-a', 'a'.repeat(33)])('refuses the name %j', (name) => {
    expect(() => placeOf({ name, shell: {} })).toThrow('cannot name a sandbox')
  })
})
