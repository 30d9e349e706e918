import { createHash } from 'node:crypto'
import { existsSync } from 'node:fs'
import { copyFile, mkdir, mkdtemp, readFile, rename, rm, writeFile } from 'node:fs/promises'
import { dirname, join } from 'node:path'
import { execa } from 'execa'
import { packageFile } from '../package-root.ts'
import { outsideSystem, type Preparation, SYSTEM_PATH } from './preparation.ts'
import type { Program } from './programs.ts'

/** What lets LiteLLM speak to a database. */
export type DatabaseClient = Pick<Program, 'environment' | 'folders'>

const PINS = (file: string) => packageFile('sandbox', 'runtime', 'programs', 'prisma', file)
const FILES = ['package.json', 'package-lock.json'] as const

interface Request {
  /** Python of LiteLLM's virtual environment. */
  readonly python: string
  /** Requirements of that environment: the client is made from the schema that comes with it. */
  readonly requirements: string
}

/**
 * Prisma's engine as WebAssembly, and LiteLLM's client made from its schema: the engine's binaries come from a host of their
 * own, packages from wherever npm has them. `report` is told why there is none.
 */
export async function preparePrisma(request: Request, preparation: Preparation): Promise<DatabaseClient | undefined> {
  const { cacheDir, report, signal } = preparation
  const hash = createHash('sha256').update(request.python)
  for (const file of [request.requirements, PINS('package-lock.json')]) hash.update(await readFile(file))
  const home = join(cacheDir, 'tools', 'prisma', hash.digest('hex').slice(0, 12))
  if (!existsSync(home)) {
    report('database client of LiteLLM: installing Prisma')
    const lack = await make(home, request, preparation)
    signal.throwIfAborted()
    if (lack !== undefined) {
      report(`LiteLLM has no database here: Prisma could not be installed (${lack})`)
      return undefined
    }
  }
  return clientAt(home)
}

function clientAt(home: string): DatabaseClient {
  const engine = packageFile('dist', 'query-engine.js')
  return {
    environment: {
      PYTHONPATH: join(home, 'python'),
      PRISMA_QUERY_ENGINE_BINARY: packageFile('sandbox', 'runtime', 'bin', 'litellm', 'query-engine'),
      LLMGW_NODE: process.execPath,
      LLMGW_QUERY_ENGINE: engine,
      LLMGW_PRISMA_HOME: home,
    },
    folders: outsideSystem([home, dirname(engine), process.execPath]),
  }
}

/** Whole or not at all; what went wrong, or undefined. */
async function make(home: string, request: Request, preparation: Preparation): Promise<string | undefined> {
  await mkdir(dirname(home), { recursive: true })
  const building = await mkdtemp(`${home}.building-`)
  try {
    for (const file of FILES) await copyFile(PINS(file), join(building, file))
    const lack = (await install(building, preparation)) ?? (await generate(building, request, preparation))
    // Another `up` may have been faster.
    if (lack === undefined && !existsSync(home)) await rename(building, home)
    return lack
  } finally {
    await rm(building, { recursive: true, force: true })
  }
}

/** Scripts of packages would fetch the binaries. */
const NPM = ['ci', '--ignore-scripts', '--omit=optional', '--no-audit', '--no-fund']

async function install(cwd: string, { environment, signal }: Preparation): Promise<string | undefined> {
  const PATH = `${dirname(process.execPath)}:${environment.PATH ?? SYSTEM_PATH}`
  return await run('npm', NPM, { cwd, env: { ...environment, PATH }, signal })
}

/** Prisma looks for its binaries even where it needs none of them. */
const NO_BINARY = '/bin/true'
const NO_BINARIES = {
  PRISMA_QUERY_ENGINE_BINARY: NO_BINARY,
  PRISMA_QUERY_ENGINE_LIBRARY: NO_BINARY,
  PRISMA_SCHEMA_ENGINE_BINARY: NO_BINARY,
  CHECKPOINT_DISABLE: '1',
  PRISMA_HIDE_UPDATE_MESSAGE: 'true',
}
const GENERATOR =
  'generator client {\n  provider = "python -m prisma"\n  output = "python/prisma"\n  recursive_type_depth = -1\n}'

/** Makes the Python client from LiteLLM's schema, and compiles it: a Pod could not keep what it compiles. */
async function generate(cwd: string, { python }: Request, { signal }: Preparation): Promise<string | undefined> {
  const where = 'import litellm_proxy_extras as extras; print(extras.__path__[0])'
  const { stdout: extras = '' } = await execa(python, ['-E', '-c', where], { reject: false, cancelSignal: signal })
  const schema = await readFile(join(extras, 'schema.prisma'), 'utf8')
  await writeFile(join(cwd, 'schema.prisma'), schema.replace(/generator\s+client\s*\{[^}]*\}/, GENERATOR))
  const PATH = `${dirname(python)}:${dirname(process.execPath)}:${SYSTEM_PATH}`
  const prisma = join('node_modules', 'prisma', 'build', 'index.js')
  const doing = { cwd, env: { PATH, HOME: cwd, ...NO_BINARIES }, signal }
  return (
    (await run(process.execPath, [prisma, 'generate', '--schema', 'schema.prisma'], doing)) ??
    (await run(python, ['-E', '-m', 'compileall', '-q', 'python'], doing))
  )
}

interface Doing {
  readonly cwd: string
  readonly env: Readonly<Record<string, string>>
  readonly signal: AbortSignal
}

/** What a failed command said, or undefined: the first line that speaks of an error, else the last one. */
async function run(command: string, args: readonly string[], { cwd, env, signal }: Doing): Promise<string | undefined> {
  const done = await execa(command, args, {
    cwd,
    env,
    extendEnv: false,
    reject: false,
    all: true,
    cancelSignal: signal,
  })
  if (done.exitCode === 0) return undefined
  const lines = (done.all || done.shortMessage || command).trim().split('\n')
  return lines.find((line) => /error\b.*\S{2}|code E/i.test(line)) ?? lines.at(-1)
}
