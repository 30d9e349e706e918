import { chmod, mkdir, mkdtemp, rm, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { dirname, join } from 'node:path'
import { afterEach, beforeEach, describe, expect, test } from 'vitest'
import { cachedFile, officialFile } from '../../src/sandbox/tools/cache.ts'
import { installCommand, systemOf } from '../../src/sandbox/tools/install-commands.ts'
import type { Machine } from '../../src/sandbox/tools/machine.ts'
import { PINS, TOOL_NAMES, TOOLS, type ToolName } from '../../src/sandbox/tools/pins.ts'
import { preflight, privilegeNotice } from '../../src/sandbox/tools/preflight.ts'
import { findTools } from '../../src/sandbox/tools/resolve.ts'
import { parseVersion } from '../../src/sandbox/tools/version.ts'

let folder = ''
beforeEach(async () => {
  folder = await mkdtemp(join(tmpdir(), 'llmgw-tools-'))
})
afterEach(async () => {
  await rm(folder, { recursive: true, force: true })
})

/** A program that says what the real one says, and nothing else. */
async function install(file: string, says: string): Promise<void> {
  await mkdir(dirname(file), { recursive: true })
  await writeFile(file, `#!/bin/sh\necho '${says}'\n`)
  await chmod(file, 0o755)
}

const place = (where: string, tool: ToolName) => join(folder, where, tool)

function context(named: { binDir?: string; kubebuilderAssets?: string } = {}) {
  return {
    cacheDir: join(folder, 'cache'),
    environment: { PATH: `${join(folder, 'path1')}:${join(folder, 'path2')}:relative` },
    report: () => undefined,
    signal: new AbortController().signal,
    making: 'build' as const,
    ...named,
  }
}

const binDir = () => join(folder, 'bin')
const kubebuilderAssets = () => join(folder, 'envtest')
const found = async (tool: ToolName, named = {}) => (await findTools(context(named))).found.get(tool)

describe('finding a tool', () => {
  test('prefers the named folder to envtest, PATH and cache, in this order', async () => {
    await install(await cachedFile(join(folder, 'cache'), 'etcd'), '')
    expect((await found('etcd'))?.origin).toBe('built')
    await install(officialFile(join(folder, 'cache'), 'etcd'), '')
    expect((await found('etcd'))?.origin).toBe('downloaded')
    await install(place('path2', 'etcd'), 'etcd Version: 3.5.9')
    expect(await found('etcd')).toEqual({ path: place('path2', 'etcd'), version: '3.5.9', origin: 'PATH' })
    await install(place('envtest', 'etcd'), 'etcd Version: 3.6.0')
    const named = { kubebuilderAssets: kubebuilderAssets() }
    expect((await found('etcd', named))?.origin).toBe('KUBEBUILDER_ASSETS')
    await install(place('bin', 'etcd'), 'etcd Version: 3.6.1')
    expect((await found('etcd', { ...named, binDir: binDir() }))?.origin).toBe('bin-dir')
  })

  test('passes over a version that does not fit, to the next one on PATH', async () => {
    await install(place('path1', 'helm'), 'v3.17.3')
    expect(await found('helm')).toBeUndefined()
    await install(place('path2', 'helm'), 'v4.1.4')
    expect(await found('helm')).toEqual({ path: place('path2', 'helm'), version: '4.1.4', origin: 'PATH' })
  })

  test('refuses a tool in the named folder whose version does not fit', async () => {
    await install(place('bin', 'kube-apiserver'), 'Kubernetes v1.34.1')
    await expect(findTools(context({ binDir: binDir() }))).rejects.toMatchObject({
      code: 'SandboxToolVersion',
      message: `${place('bin', 'kube-apiserver')} is 1.34.1`,
    })
    await install(place('bin', 'kube-apiserver'), 'Kubernetes v1.35.0')
    expect((await found('kube-apiserver', { binDir: binDir() }))?.version).toBe('1.35.0')
  })

  test('does not take a program of a relative folder on PATH, nor one that fails', async () => {
    await mkdir(join(folder, 'path1'), { recursive: true })
    await writeFile(place('path1', 'kwok'), '#!/bin/sh\necho kwok version v0.8.0\nexit 1\n', { mode: 0o755 })
    expect(await found('kwok')).toBeUndefined()
    await install(place('path1', 'kwok'), 'kwok version v0.8.0 go1.26.8 (linux/amd64)')
    expect((await found('kwok'))?.version).toBe('0.8.0')
  })

  test('names all that must be built', async () => {
    await install(place('path1', 'kubectl'), 'Client Version: v1.30.2')
    expect((await findTools(context())).missing).toEqual(TOOL_NAMES.filter((tool) => tool !== 'kubectl'))
  })

  test.each([
    ['etcd Version: 3.6.6\nGit SHA: Not provided\nGo Version: go1.26.8', '3.6.6'],
    ['Kubernetes v1.35.4', '1.35.4'],
    ['kwokctl version v0.8.0 go1.26.8 (linux/amd64)', '0.8.0'],
    ['v4.3.1', '4.3.1'],
    ['v4.2.0-rc.1', '4.2.0-rc.1'],
    ['unknown', undefined],
  ])('reads the version out of %j', (output, version) => {
    expect(parseVersion(output)).toBe(version)
  })

  test('keeps each tool at a place of its own version and pins', async () => {
    const files = await Promise.all(TOOL_NAMES.map((tool) => cachedFile('/cache', tool)))
    expect(new Set(files).size).toBe(TOOL_NAMES.length)
    for (const [index, tool] of TOOL_NAMES.entries()) {
      expect(files[index]).toContain(`/cache/tools/${tool}/${PINS[TOOLS[tool].module].version}-`)
    }
  })
})

describe('preflight', () => {
  const GIB = 1024 ** 3
  const machine: Machine = {
    platform: 'linux',
    arch: 'x64',
    osRelease: async () => 'ID=debian\n',
    availableBytes: 4 * GIB,
    freeDisk: async () => 100 * GIB,
    goVersion: async () => 'go1.26.8',
    python: async () => ({ version: '3.11.2', venv: true }),
    whyNotListen: async () => undefined,
  }
  const wanted = { stateDir: '/s', cacheDir: '/c', build: ['helm', 'etcd'] as const, environment: {} }
  const nothing = { ...wanted, build: [] }
  const withoutGo = { ...machine, goVersion: async () => undefined }

  test('is content with what the sandbox needs', async () => {
    await expect(preflight(wanted, machine)).resolves.toBeUndefined()
  })

  test('gives the command that installs Go where it is missing or older than the modules ask', async () => {
    await expect(preflight(wanted, withoutGo)).rejects.toMatchObject({
      code: 'SandboxGoMissing',
      message: 'Go 1.26.0 or later is not on PATH: helm, etcd must be built',
      hint: expect.stringContaining('https://go.dev/dl/go1.26.0.linux-amd64.tar.gz'),
    })
    await expect(preflight(wanted, { ...machine, goVersion: async () => 'go1.25.3' })).rejects.toMatchObject({
      code: 'SandboxGoTooOld',
      message: 'building helm, etcd needs Go 1.26.0, found go1.25.3',
    })
  })

  test('needs no Go where nothing is built, and says what for when only the controller is', async () => {
    await expect(preflight(nothing, withoutGo)).resolves.toBeUndefined()
    await expect(preflight({ ...wanted, build: ['external-secrets'] }, withoutGo)).rejects.toMatchObject({
      message: expect.stringContaining('External Secrets has no release that fits'),
    })
  })

  test('asks each module for the Go that it needs', async () => {
    const onlyEtcd = { ...wanted, build: ['etcd' as const] }
    await expect(preflight(onlyEtcd, { ...machine, goVersion: async () => 'go1.25.3' })).resolves.toBeUndefined()
  })

  test.each([
    ['PythonNotFound', undefined],
    ['PythonTooOld', { version: '3.9.18', venv: true }],
    ['PythonWithoutVenv', { version: '3.12.1', venv: false }],
  ])('%s: with the command that mends it', async (code, python) => {
    await expect(preflight(nothing, { ...machine, python: async () => python })).rejects.toMatchObject({
      code,
      hint: 'sudo apt-get install python3 python3-venv',
    })
  })

  test('refuses too little memory or disk, a loopback of one address, and another platform', async () => {
    await expect(preflight(wanted, { ...machine, availableBytes: GIB })).rejects.toMatchObject({
      code: 'SandboxMemory',
      message: 'the sandbox needs 2 GiB of free memory, found 1.0 GiB',
    })
    const freeDisk = async (path: string) => (path === '/c' ? 2 * GIB : 100 * GIB)
    await expect(preflight(wanted, { ...machine, freeDisk })).rejects.toMatchObject({ code: 'SandboxDisk' })
    await expect(preflight(nothing, { ...machine, freeDisk })).resolves.toBeUndefined()
    const whyNotListen = async () => 'EADDRNOTAVAIL'
    await expect(preflight(wanted, { ...machine, whyNotListen })).rejects.toMatchObject({ code: 'SandboxLoopback' })
    await expect(preflight(wanted, { ...machine, platform: 'darwin' })).rejects.toMatchObject({
      code: 'SandboxPlatform',
    })
  })

  test('names all that is missing at once', async () => {
    const bare = { ...withoutGo, python: async () => undefined, availableBytes: GIB }
    await expect(preflight(wanted, bare)).rejects.toMatchObject({
      code: 'SandboxMachine',
      exitCode: 3,
      message: 'this machine lacks 3 things that the sandbox needs',
      cause: expect.stringMatching(/^Go .*\nthe AWS emulator .*\nthe sandbox needs 2 GiB/),
      hint: expect.stringMatching(/go\.dev.*\nsudo apt-get install .*\nend other programs/),
    })
  })

  test('tells who may not serve port 443 what will not work, and nobody else', async () => {
    expect(await privilegeNotice({ whyNotListen: async () => 'EACCES' })).toContain('ip_unprivileged_port_start=443')
    expect(await privilegeNotice({ whyNotListen: async () => 'EADDRINUSE' })).toBeUndefined()
    expect(await privilegeNotice({ whyNotListen: async () => undefined })).toBeUndefined()
  })
})

describe('the command that installs', () => {
  test.each([
    ['linux', 'ID=ubuntu\nID_LIKE=debian\n', 'debian', 'sudo apt-get install python3 python3-venv'],
    ['linux', 'NAME="Rocky Linux"\nID="rocky"\nID_LIKE="rhel centos fedora"\n', 'fedora', 'sudo dnf install python3'],
    ['linux', 'ID=manjaro\nID_LIKE=arch\n', 'arch', 'sudo pacman -S python'],
    ['linux', 'ID=alpine\n', 'alpine', 'sudo apk add python3'],
    ['darwin', '', 'macos', 'brew install python'],
  ] as const)('%s with %j', (platform, osRelease, system, command) => {
    expect(systemOf(platform, osRelease)).toBe(system)
    expect(installCommand({ what: 'python', system, version: '3.10.0', arch: 'x64' })).toBe(command)
  })

  test('is one for each system that we know on one that we do not', () => {
    const system = systemOf('linux', 'ID=nixos\n')
    expect(system).toBeUndefined()
    const lines = installCommand({ what: 'go', system, version: '1.26.0', arch: 'arm64' }).split('\n')
    expect(lines.map((line) => line.split(':')[0])).toEqual(['Debian, Ubuntu', 'Fedora', 'Arch', 'Alpine', 'macOS'])
    expect(lines[0]).toContain('linux-arm64')
  })
})
