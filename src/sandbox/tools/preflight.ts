import { readFile, statfs } from 'node:fs/promises'
import { freemem } from 'node:os'
import { dirname, join } from 'node:path'
import { execa } from 'execa'
import semver from 'semver'
import { PreflightError } from '../../errors.ts'
import { moduleDir } from './cache.ts'
import { type ModuleName, TOOLS, type ToolName } from './pins.ts'

const GIB = 1024 ** 3
const MEMORY_BYTES = 2 * GIB
/** Go's module and build caches of all modules, and the tools themselves. */
const BUILD_DISK_BYTES = 8 * GIB
const RUN_DISK_BYTES = GIB / 2

export interface Machine {
  readonly platform: string
  /** Memory that programs can still get. */
  readonly availableBytes: number
  /** Bytes that may still be written below the folder. */
  readonly freeDisk: (folder: string) => Promise<number>
  /** The version that `go env GOVERSION` names, or undefined without Go. */
  readonly goVersion: (environment: Readonly<Record<string, string>>) => Promise<string | undefined>
}

/** The machine that we run on. */
const thisMachine = (): Machine => ({
  platform: process.platform,
  availableBytes: freemem(),
  freeDisk,
  goVersion: async (environment) => {
    const env = { ...environment, GOTOOLCHAIN: 'local' }
    const { exitCode, stdout } = await execa('go', ['env', 'GOVERSION'], { reject: false, extendEnv: false, env })
    return exitCode === 0 ? stdout.trim() : undefined
  },
})

async function freeDisk(folder: string): Promise<number> {
  try {
    const { bavail, bsize } = await statfs(folder)
    return bavail * bsize
  } catch (error) {
    if (folder === dirname(folder)) throw error
    return await freeDisk(dirname(folder))
  }
}

/** A tool of a pinned module, or the External Secrets controller, which is built from its own. */
type Buildable = ToolName | 'external-secrets'

export interface Wanted {
  readonly stateDir: string
  readonly cacheDir: string
  /** What must be built with Go. */
  readonly missing: readonly Buildable[]
  readonly environment: Readonly<Record<string, string>>
}

/** Says, before anything is started or built, what this machine lacks and what to install. @throws PreflightError */
export async function preflight(wanted: Wanted, machine: Machine = thisMachine()): Promise<void> {
  if (machine.platform !== 'linux') {
    throw new PreflightError('SandboxPlatform', `the sandbox runs on Linux, this is ${machine.platform}`, {
      hint: 'run it in a Linux virtual machine or container',
    })
  }
  if (machine.availableBytes < MEMORY_BYTES) {
    const found = (machine.availableBytes / GIB).toFixed(1)
    throw new PreflightError('SandboxMemory', `the sandbox needs 2 GiB of free memory, found ${found} GiB`, {
      hint: 'end other programs, or give this machine more memory',
    })
  }
  await checkDisk(wanted, machine)
  if (wanted.missing.length > 0) await checkGo(wanted, machine)
}

async function checkDisk({ stateDir, cacheDir, missing }: Wanted, machine: Machine): Promise<void> {
  const demands = [
    [stateDir, RUN_DISK_BYTES],
    [cacheDir, missing.length > 0 ? BUILD_DISK_BYTES : 0],
  ] as const
  for (const [folder, bytes] of demands) {
    const free = await machine.freeDisk(folder)
    if (free >= bytes) continue
    const [needs, found] = [bytes, free].map((size) => `${(size / GIB).toFixed(1)} GiB`)
    throw new PreflightError('SandboxDisk', `the sandbox needs ${needs} of disk below ${folder}, found ${found}`, {
      hint: 'free some space, or move the folder with XDG_CACHE_HOME or XDG_STATE_HOME',
    })
  }
}

async function checkGo({ missing, environment }: Wanted, machine: Machine): Promise<void> {
  const modules = new Set(missing.map((tool) => (tool === 'external-secrets' ? 'kubernetes' : TOOLS[tool].module)))
  const needed = (await Promise.all([...modules].map(goDirective))).sort(semver.rcompare)[0] ?? '0.0.0'
  const hint = `install Go ${needed} or later (https://go.dev/dl), or name a folder with ${missing.join(', ')} by --bin-dir`
  const version = await machine.goVersion(environment)
  if (version === undefined) {
    throw new PreflightError('SandboxGoMissing', `Go is not on PATH, and ${missing.join(', ')} must be built`, { hint })
  }
  const found = semver.coerce(version.replace(/^go/, ''))
  if (found === null || semver.lt(found, needed)) {
    throw new PreflightError('SandboxGoTooOld', `building ${missing.join(', ')} needs Go ${needed}, found ${version}`, {
      hint,
    })
  }
}

async function goDirective(module: ModuleName): Promise<string> {
  const text = await readFile(join(moduleDir(module), 'go.mod'), 'utf8')
  return /^go (\d+\.\d+\.\d+)$/m.exec(text)?.[1] ?? '0.0.0'
}
