import { delimiter, join } from 'node:path'
import semver from 'semver'
import { PreflightError } from '../../errors.ts'
import { type BuildContext, buildTools } from './build.ts'
import { cachedFile } from './cache.ts'
import { PINS, TOOL_NAMES, TOOLS, type ToolName } from './pins.ts'
import { isExecutable, versionOf } from './version.ts'

export interface Tool {
  readonly path: string
  readonly version: string
  readonly origin: 'bin-dir' | 'KUBEBUILDER_ASSETS' | 'PATH' | 'cache' | 'built'
}

export interface ResolveContext extends BuildContext {
  /** Folder that the user named; a tool found there in a wrong version is an error, not a reason to look on. */
  readonly binDir?: string | undefined
  /** envtest's folder. */
  readonly kubebuilderAssets?: string | undefined
}

/** Tries one place; undefined = look on. A later place (official releases) is one more function of this shape. */
type Finder = (tool: ToolName, context: ResolveContext) => Promise<Tool | undefined>

const fits = (tool: ToolName, version: string | undefined): version is string =>
  version !== undefined && semver.satisfies(version, TOOLS[tool].accepts, { includePrerelease: true })

const inBinDir: Finder = async (tool, context) => {
  if (context.binDir === undefined) return undefined
  const path = join(context.binDir, tool)
  if (!(await isExecutable(path))) return undefined
  const version = await versionOf(tool, path, context.environment)
  if (fits(tool, version)) return { path, version, origin: 'bin-dir' }
  throw new PreflightError('SandboxToolVersion', `${path} is ${version ?? 'of no known version'}`, {
    hint: `put ${tool} ${TOOLS[tool].accepts} there, or take it away to have it looked for elsewhere`,
  })
}

const inFolder =
  (origin: Tool['origin'], folders: (context: ResolveContext) => readonly string[]): Finder =>
  async (tool, context) => {
    for (const folder of folders(context)) {
      const path = join(folder, tool)
      if (!(await isExecutable(path))) continue
      const version = await versionOf(tool, path, context.environment)
      if (fits(tool, version)) return { path, version, origin }
    }
    return undefined
  }

const inCache: Finder = async (tool, context) => {
  const path = await cachedFile(context.cacheDir, tool)
  return (await isExecutable(path)) ? { path, version: PINS[TOOLS[tool].module].version, origin: 'cache' } : undefined
}

const FINDERS: readonly Finder[] = [
  inBinDir,
  inFolder('KUBEBUILDER_ASSETS', ({ kubebuilderAssets }) => (kubebuilderAssets ? [kubebuilderAssets] : [])),
  // A relative folder on PATH would mean another tool after a change of directory.
  inFolder('PATH', ({ environment }) => (environment.PATH ?? '').split(delimiter).filter((dir) => dir.startsWith('/'))),
  inCache,
]

async function find(tool: ToolName, context: ResolveContext): Promise<Tool | undefined> {
  for (const finder of FINDERS) {
    const found = await finder(tool, context)
    if (found) return found
  }
  return undefined
}

/** Which tools are there, and which must be made. */
export async function findTools(
  context: ResolveContext,
): Promise<{ readonly found: ReadonlyMap<ToolName, Tool>; readonly missing: readonly ToolName[] }> {
  const all = await Promise.all(TOOL_NAMES.map(async (tool) => [tool, await find(tool, context)] as const))
  const found = new Map(all.filter((entry): entry is [ToolName, Tool] => entry[1] !== undefined))
  return { found, missing: TOOL_NAMES.filter((tool) => !found.has(tool)) }
}

/** Builds what {@link findTools} did not find; all tools by name. */
export async function completeTools(
  { found, missing }: Awaited<ReturnType<typeof findTools>>,
  context: ResolveContext,
): Promise<ReadonlyMap<ToolName, Tool>> {
  const built = missing.length === 0 ? new Map<ToolName, string>() : await buildTools(missing, context)
  const made = [...built].map(
    ([tool, path]) => [tool, { path, version: PINS[TOOLS[tool].module].version, origin: 'built' as const }] as const,
  )
  return new Map<ToolName, Tool>([...found, ...made])
}
