import { delimiter, join } from 'node:path'
import { PreflightError } from '../../errors.ts'
import { type BuildContext, buildTools } from './build.ts'
import { cachedFile, officialFile } from './cache.ts'
import { downloadReleases, hostsOf, silentHosts } from './official.ts'
import { PINS, TOOL_NAMES, TOOLS, type ToolName } from './pins.ts'
import { type Release, releaseOf } from './releases.ts'
import { fits, isExecutable, versionOf } from './version.ts'

/** Where a tool is from; `downloaded` and `built` also when that was long ago. */
type ToolOrigin = 'bin-dir' | 'KUBEBUILDER_ASSETS' | 'PATH' | 'downloaded' | 'built'

export interface Tool {
  readonly path: string
  readonly version: string
  readonly origin: ToolOrigin
}

/** How tools that this machine lacks are made: `auto` downloads what can be reached and builds the rest. */
export type Making = 'auto' | 'download' | 'build'

export interface ResolveContext extends BuildContext {
  /** Folder that the user named; a tool found there in a wrong version is an error, not a reason to look on. */
  readonly binDir?: string | undefined
  /** envtest's folder. */
  readonly kubebuilderAssets?: string | undefined
  readonly making: Making
  /** Address that serves all releases in place of their publishers. */
  readonly mirror?: string | undefined
}

/** Tries one place; undefined = look on. */
type Finder = (tool: ToolName, context: ResolveContext) => Promise<Tool | undefined>

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
  (origin: ToolOrigin, folders: (context: ResolveContext) => readonly string[]): Finder =>
  async (tool, context) => {
    for (const folder of folders(context)) {
      const path = join(folder, tool)
      if (!(await isExecutable(path))) continue
      const version = await versionOf(tool, path, context.environment)
      if (fits(tool, version)) return { path, version, origin }
    }
    return undefined
  }

const inCache =
  (origin: ToolOrigin, file: (cacheDir: string, tool: ToolName) => string | Promise<string>): Finder =>
  async (tool, { cacheDir }) => {
    const path = await file(cacheDir, tool)
    return (await isExecutable(path)) ? { path, version: pinned(tool), origin } : undefined
  }

const pinned = (tool: ToolName): string => PINS[TOOLS[tool].module].version

const FINDERS: readonly Finder[] = [
  inBinDir,
  inFolder('KUBEBUILDER_ASSETS', ({ kubebuilderAssets }) => (kubebuilderAssets ? [kubebuilderAssets] : [])),
  // A relative folder on PATH would mean another tool after a change of directory.
  inFolder('PATH', ({ environment }) => (environment.PATH ?? '').split(delimiter).filter((dir) => dir.startsWith('/'))),
  inCache('downloaded', officialFile),
  inCache('built', cachedFile),
]

async function find(tool: ToolName, context: ResolveContext): Promise<Tool | undefined> {
  for (const finder of FINDERS) {
    const found = await finder(tool, context)
    if (found) return found
  }
  return undefined
}

export interface Search {
  readonly found: ReadonlyMap<ToolName, Tool>
  readonly missing: readonly ToolName[]
}

/** Which tools are there, and which must be made. */
export async function findTools(context: ResolveContext): Promise<Search> {
  const all = await Promise.all(TOOL_NAMES.map(async (tool) => [tool, await find(tool, context)] as const))
  const found = new Map(all.filter((entry): entry is [ToolName, Tool] => entry[1] !== undefined))
  return { found, missing: TOOL_NAMES.filter((tool) => !found.has(tool)) }
}

export interface Plan {
  readonly download: readonly Release[]
  readonly build: readonly ToolName[]
}

/**
 * Which of these tools are downloaded and which are built; asks the publishers' hosts, or the mirror, unless all is built.
 * @throws PreflightError when a tool is to be downloaded and cannot be
 */
export async function planMaking(missing: readonly ToolName[], context: ResolveContext): Promise<Plan> {
  if (context.making === 'build' || missing.length === 0) return { download: [], build: missing }
  const releases = missing.map((tool) => releaseOf(tool, context)).filter((release) => release !== undefined)
  const silent = await silentHosts(releases, context)
  const download = releases.filter((release) => hostsOf(release).every((host) => !silent.has(host)))
  const build = missing.filter((tool) => !download.some((release) => release.tool === tool))
  const reasons = [...silent].map(([host, reason]) => `${host} cannot be reached (${reason})`)
  if (build.length > 0) fallBack(build, reasons.length > 0 ? reasons : ['no release for this machine'], context)
  return { download, build }
}

/** Says why tools are built after all. @throws PreflightError when they must not be */
function fallBack(tools: readonly ToolName[], reasons: readonly string[], { making, report }: ResolveContext): void {
  if (making === 'auto') {
    report(`${reasons.join('; ')}: building ${tools.join(', ')} instead`)
    return
  }
  throw new PreflightError('SandboxDownloadFailed', `${tools.join(', ')} cannot be downloaded`, {
    cause: reasons.join('\n'),
    hint: 'name a mirror with --mirror, or build them from source: --tools build',
  })
}

/**
 * Makes tools as planned; what cannot be downloaded after all is built.
 * @param beforeBuilding called with the tools that were not planned to be built, before they are
 */
export async function makeTools(
  plan: Plan,
  context: ResolveContext,
  beforeBuilding: (tools: readonly ToolName[]) => Promise<void>,
): Promise<ReadonlyMap<ToolName, Tool>> {
  const made = new Map<ToolName, Tool>()
  const failed: ToolName[] = []
  const reasons: string[] = []
  for (const { tool, outcome } of await downloadReleases(plan.download, context)) {
    if ('path' in outcome) made.set(tool, { path: outcome.path, version: pinned(tool), origin: 'downloaded' })
    else {
      failed.push(tool)
      reasons.push(outcome.reason)
    }
  }
  if (failed.length > 0) {
    fallBack(failed, reasons, context)
    await beforeBuilding(failed)
  }
  for (const [tool, path] of await buildTools([...plan.build, ...failed], context)) {
    made.set(tool, { path, version: pinned(tool), origin: 'built' })
  }
  return made
}
