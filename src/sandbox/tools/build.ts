import { copyFile, mkdir, mkdtemp, readdir, rename, rm } from 'node:fs/promises'
import { dirname, join } from 'node:path'
import { execa } from 'execa'
import { PreflightError } from '../../errors.ts'
import { withLock } from '../lock.ts'
import { cachedFile, moduleDir } from './cache.ts'
import { type ModuleName, PINS, TOOLS, type ToolName } from './pins.ts'
import { downloadCounter, packageCounter, parseGoLine } from './progress.ts'
import { isExecutable } from './version.ts'

export interface BuildContext {
  readonly cacheDir: string
  readonly environment: Readonly<Record<string, string>>
  readonly report: (line: string) => void
  readonly signal: AbortSignal
}

/** What every `go` of the sandbox gets: this toolchain and no other, nothing but the pinned modules, no C compiler. */
const GO_ENVIRONMENT = { CGO_ENABLED: '0', GOTOOLCHAIN: 'local', GOWORK: 'off', GOFLAGS: '-mod=readonly' }

/**
 * Builds the tools from their pinned modules into the cache, a module at a time, and tells how far it is.
 * @returns absolute paths by tool
 * @throws PreflightError with Go's last words
 */
export async function buildTools(
  tools: readonly ToolName[],
  context: BuildContext,
): Promise<ReadonlyMap<ToolName, string>> {
  if (tools.length === 0) return new Map()
  const modules = [...new Set(tools.map((tool) => TOOLS[tool].module))]
  const lock = {
    file: join(context.cacheDir, 'tools', '.lock'),
    signal: context.signal,
    onWait: (pid: number) => context.report(`waiting for process ${pid}, which builds tools`),
  }
  const built = new Map<ToolName, string>()
  await withLock(lock, async () => {
    for (const module of modules) {
      const wanted = tools.filter((tool) => TOOLS[tool].module === module)
      for (const [tool, file] of await buildModule(module, wanted, context)) built.set(tool, file)
    }
  })
  return built
}

async function buildModule(
  module: ModuleName,
  tools: readonly ToolName[],
  context: BuildContext,
): Promise<readonly (readonly [ToolName, string])[]> {
  const files = await Promise.all(tools.map(async (tool) => [tool, await cachedFile(context.cacheDir, tool)] as const))
  const present = await Promise.all(files.map(([, file]) => isExecutable(file)))
  const missing = files.filter((_, index) => !present[index])
  if (missing.length === 0) return files
  const parent = join(context.cacheDir, 'tools')
  await mkdir(parent, { recursive: true })
  const prefix = `.building-${module}-`
  await sweep(parent, prefix)
  const workshop = await mkdtemp(join(parent, prefix))
  try {
    // The package may be installed read-only, and go wants to lock go.mod.
    for (const file of ['go.mod', 'go.sum']) await copyFile(join(moduleDir(module), file), join(workshop, file))
    await compile(module, { tools: missing.map(([tool]) => tool), workshop }, context)
    for (const [tool, file] of missing) await publish(join(workshop, 'out', tool), file)
    return files
  } finally {
    await rm(workshop, { recursive: true, force: true })
  }
}

/** What a build that was killed left behind: this process holds the lock, so nobody works there. */
async function sweep(parent: string, prefix: string): Promise<void> {
  const left = (await readdir(parent)).filter((name) => name.startsWith(prefix))
  await Promise.all(left.map((name) => rm(join(parent, name), { recursive: true, force: true })))
}

interface Job {
  readonly tools: readonly ToolName[]
  readonly workshop: string
}

async function compile(module: ModuleName, { tools, workshop }: Job, context: BuildContext): Promise<void> {
  const what = tools.join(', ')
  const packages = tools.map((tool) => TOOLS[tool].package)
  const listed = await go(['list', '-deps', ...packages], workshop, {
    ...context,
    onLine: downloadCounter(what, context.report),
  })
  const total = listed.split('\n').filter(Boolean).length
  const counted = packageCounter(what, total, context.report)
  context.report(`building ${what} from ${total} packages`)
  for (const tool of tools) {
    const args = ['build', '-v', '-trimpath', '-buildvcs=false', '-ldflags', PINS[module].ldflags]
    await go([...args, '-o', join('out', tool), TOOLS[tool].package], workshop, { ...context, onLine: counted })
  }
}

export interface GoContext extends BuildContext {
  readonly onLine: (line: string) => void
}

/** Runs `go` with every stderr line told; its stdout. @throws PreflightError with the last complaint */
export async function go(args: readonly string[], cwd: string, context: GoContext): Promise<string> {
  const child = execa('go', [...args], {
    cwd,
    extendEnv: false,
    env: { ...context.environment, ...GO_ENVIRONMENT },
    reject: false,
    cancelSignal: context.signal,
    forceKillAfterDelay: 2_000,
  })
  const complaints: string[] = []
  for await (const line of child.iterable({ from: 'stderr' })) {
    context.onLine(line)
    if (parseGoLine(line).kind === 'other') complaints.push(line)
  }
  const { exitCode, stdout, shortMessage } = await child
  context.signal.throwIfAborted()
  if (exitCode === 0) return stdout
  throw new PreflightError('SandboxToolNotBuilt', `go ${args[0]} failed for ${args.at(-1)}`, {
    cause: complaints.at(-1) ?? shortMessage,
    hint: 'check that go reaches its module proxy (go env GOPROXY), or name ready-made tools with --bin-dir',
  })
}

/** A rename within the cache: whoever looks finds the whole tool or none. */
async function publish(built: string, file: string): Promise<void> {
  await mkdir(dirname(file), { recursive: true })
  await rename(built, file)
}
