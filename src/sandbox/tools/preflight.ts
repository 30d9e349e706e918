import { readFile } from 'node:fs/promises'
import { join } from 'node:path'
import semver from 'semver'
import { PreflightError } from '../../errors.ts'
import { operatorOf } from '../operators/catalog.ts'
import { readModulePin } from '../operators/module-pin.ts'
import { moduleDir } from './cache.ts'
import { installCommand, newerGo, systemOf } from './install-commands.ts'
import { type Machine, thisMachine } from './machine.ts'
import { type Buildable, isOperator, TOOLS } from './pins.ts'

const GIB = 1024 ** 3
const MEMORY_BYTES = 2 * GIB
/** Go's module and build caches of all modules, and the tools themselves. */
const BUILD_DISK_BYTES = 8 * GIB
/** The tools themselves, and Python's packages. */
const CACHE_DISK_BYTES = GIB
const RUN_DISK_BYTES = GIB / 2
const OLDEST_PYTHON = '3.10.0'

export interface Wanted {
  readonly stateDir: string
  readonly cacheDir: string
  /** What must be built with Go. */
  readonly build: readonly Buildable[]
  readonly environment: Readonly<Record<string, string>>
}

/** Something that the machine lacks. */
interface Finding {
  readonly code: string
  readonly problem: string
  /** What to do, mostly a command. */
  readonly fix: string
}

/**
 * Says, before anything is started, downloaded or built, all that this machine lacks and what to install.
 * @throws PreflightError with the finding's own code when it is the only one, else SandboxMachine
 */
export async function preflight(wanted: Wanted, machine: Machine = thisMachine()): Promise<void> {
  const findings = (
    await Promise.all(
      [checkPlatform, checkGo, checkPython, checkMemory, checkDisk, checkLoopback].map(
        async (check) => await check(wanted, machine),
      ),
    )
  ).flat()
  const [first, ...others] = findings
  if (first === undefined) return
  if (others.length === 0) throw new PreflightError(first.code, first.problem, { hint: first.fix })
  throw new PreflightError('SandboxMachine', `this machine lacks ${findings.length} things that the sandbox needs`, {
    cause: findings.map(({ problem }) => problem).join('\n'),
    hint: findings.map(({ fix }) => fix).join('\n'),
  })
}

type Check = (wanted: Wanted, machine: Machine) => readonly Finding[] | Promise<readonly Finding[]>

const checkPlatform: Check = (_wanted, { platform }) =>
  platform === 'linux'
    ? []
    : [
        {
          code: 'SandboxPlatform',
          problem: `the sandbox runs on Linux, this is ${platform}`,
          fix: 'run it in a Linux virtual machine or container',
        },
      ]

const checkMemory: Check = (_wanted, { availableBytes }) =>
  availableBytes >= MEMORY_BYTES
    ? []
    : [
        {
          code: 'SandboxMemory',
          problem: `the sandbox needs 2 GiB of free memory, found ${(availableBytes / GIB).toFixed(1)} GiB`,
          fix: 'end other programs, or give this machine more memory',
        },
      ]

const checkDisk: Check = async ({ stateDir, cacheDir, build }, machine) => {
  const demands = [
    [stateDir, RUN_DISK_BYTES],
    [cacheDir, build.length > 0 ? BUILD_DISK_BYTES : CACHE_DISK_BYTES],
  ] as const
  const findings = demands.map(async ([folder, bytes]): Promise<Finding | undefined> => {
    const free = await machine.freeDisk(folder)
    if (free >= bytes) return undefined
    const [needs, found] = [bytes, free].map((size) => `${(size / GIB).toFixed(1)} GiB`)
    return {
      code: 'SandboxDisk',
      problem: `the sandbox needs ${needs} of disk below ${folder}, found ${found}`,
      fix: 'free some space, or move the folder with XDG_CACHE_HOME or XDG_STATE_HOME',
    }
  })
  return (await Promise.all(findings)).filter((finding) => finding !== undefined)
}

/** Services are addresses of 127.64.0.0/10; a system that has only 127.0.0.1 cannot serve them. */
const checkLoopback: Check = async (_wanted, machine) => {
  const [host, port] = ['127.64.0.1', 0]
  const reason = await machine.whyNotListen(host, port)
  return reason === undefined
    ? []
    : [
        {
          code: 'SandboxLoopback',
          problem: `nothing can listen on ${host} (${reason}), where the sandbox has its Services`,
          fix: 'bring up the loopback interface with all of 127.0.0.0/8: sudo ip link set lo up',
        },
      ]
}

const checkPython: Check = async ({ environment }, machine) => {
  const found = await machine.python(environment)
  const version = OLDEST_PYTHON
  const system = systemOf(machine.platform, await machine.osRelease())
  const fix = installCommand({ what: 'python', system, version, arch: machine.arch })
  const needs = 'the AWS emulator needs Python 3.10 or later'
  if (found === undefined) return [{ code: 'PythonNotFound', problem: `${needs}: there is no python3 on PATH`, fix }]
  if (semver.lt(semver.coerce(found.version) ?? '0.0.0', version)) {
    return [{ code: 'PythonTooOld', problem: `${needs}: python3 is ${found.version}`, fix }]
  }
  if (found.venv) return []
  return [{ code: 'PythonWithoutVenv', problem: 'python3 has no venv module, which the AWS emulator needs', fix }]
}

const checkGo: Check = async ({ build, environment }, machine) => {
  if (build.length === 0) return []
  const needed = (await Promise.all(build.map(goNeeded))).sort(semver.rcompare)[0] ?? '0.0.0'
  const system = systemOf(machine.platform, await machine.osRelease())
  const version = await machine.goVersion(environment)
  if (version === undefined) {
    const fix = installCommand({ what: 'go', system, version: needed, arch: machine.arch })
    return [{ code: 'SandboxGoMissing', problem: `Go ${needed} or later is not on PATH: ${whyGo(build)}`, fix }]
  }
  const found = semver.coerce(version.replace(/^go/, ''))
  if (found !== null && semver.gte(found, needed)) return []
  const problem = `building ${build.join(', ')} needs Go ${needed}, found ${version}`
  return [{ code: 'SandboxGoTooOld', problem, fix: newerGo(system, needed, machine.arch) }]
}

/** Without the operators no secret would reach the cluster and no policy would be asked, so there is no sandbox without them. */
function whyGo(build: readonly Buildable[]): string {
  if (!build.every(isOperator)) return `${build.join(', ')} must be built`
  const titles = build.map((tool) => operatorOf(tool)?.title ?? tool)
  const verb = titles.length === 1 ? 'has no release that fits' : 'have no releases that fit'
  return `${titles.join(' and ')} ${verb} and must be built, everything else is there`
}

async function goNeeded(tool: Buildable): Promise<string> {
  if (isOperator(tool)) return readModulePin(tool).go
  const text = await readFile(join(moduleDir(TOOLS[tool].module), 'go.mod'), 'utf8')
  return /^go (\d+\.\d+\.\d+)$/m.exec(text)?.[1] ?? '0.0.0'
}

/** Any address of the Service ranges will do; this one is the last of them, which no Service gets. */
const WEBHOOK = ['127.127.255.254', 443] as const

/** What will not work for this user, in a sentence with the remedy; undefined when everything will. */
export async function privilegeNotice(
  machine: Pick<Machine, 'whyNotListen'> = thisMachine(),
): Promise<string | undefined> {
  if ((await machine.whyNotListen(...WEBHOOK)) !== 'EACCES') return undefined
  return [
    'without root: programs of this user may not listen on port 443, so the admission webhooks of External Secrets',
    'and Gatekeeper will not answer and `deploy` will stop there; everything before them works. To allow it until',
    'the next boot: sudo sysctl -w net.ipv4.ip_unprivileged_port_start=443',
  ].join(' ')
}
