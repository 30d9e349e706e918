import { chmod, mkdir } from 'node:fs/promises'
import { join, resolve } from 'node:path'
import { resolveCharts } from './charts.ts'
import { connectionOf, type SandboxConnection } from './connection.ts'
import { withLock } from './lock.ts'
import { OPERATORS as CATALOG } from './operators/catalog.ts'
import { writeStandInCharts } from './operators/stand-in-charts.ts'
import type { SandboxWorld } from './part.ts'
import { FOUNDATION, OPERATORS } from './parts.ts'
import { freePort } from './ports.ts'
import { chosenRuntime, resolveRuntime } from './runtime/choice.ts'
import { pickServiceRange, rangesInUse } from './service-range.ts'
import { fakeAccount, listSettings, oidcIssuer, readSettings, type Settings, writeSettings } from './settings.ts'
import { obtainTools } from './tools/obtain.ts'
import { privilegeNotice } from './tools/preflight.ts'
import { isExecutable } from './tools/version.ts'
import { type Place, placeOf, type SandboxOptions, worldOf } from './world.ts'

export interface UpOptions extends SandboxOptions {
  /** Folder with ready-made tools; `LLMGW_SANDBOX_BIN_DIR` when absent. */
  readonly binDir?: string | undefined
  /** auto, upstream, stand-in, a directory or a URL; `LLMGW_SANDBOX_CHARTS`, then what the sandbox has, then auto. */
  readonly charts?: string | undefined
  /** auto, download or build: how missing tools are made; `LLMGW_SANDBOX_TOOLS`, then auto. */
  readonly tools?: string | undefined
  /** Serves official releases in place of their publishers; `LLMGW_SANDBOX_MIRROR`. */
  readonly mirror?: string | undefined
  /** auto, process or simulated: how pods of known images run; `LLMGW_SANDBOX_RUNTIME`, then what the sandbox has, then auto. */
  readonly runtime?: string | undefined
  /** Folder with kwok Stages in place of ours of the same file name, or beside them; decided when the sandbox is made. `LLMGW_SANDBOX_STAGES`. */
  readonly stages?: string | undefined
}

type Report = (line: string) => void

/**
 * Brings the sandbox up, or mends it; returns when every part answers. Harmless when it is up.
 * @param report progress, a line at a time
 * @throws PreflightError when the machine lacks something, UsageError on a wrong name or chart source
 */
export async function up(options: UpOptions, report: Report, signal: AbortSignal): Promise<SandboxConnection> {
  const place = placeOf(options)
  const lock = {
    file: place.lockFile,
    signal,
    onWait: (pid: number) => report(`waiting for process ${pid}, which works on sandbox ${place.name}`),
  }
  return await withLock(lock, async () => {
    const notice = await privilegeNotice()
    if (notice !== undefined) report(notice)
    const settings = await ensureSettings(place, { options, report, signal })
    const world = worldOf(place, settings, options.shell)
    if (settings.charts.kind === 'stand-in') await writeStandInCharts(world)
    await startParts(world, report, signal)
    return connectionOf(world, settings)
  })
}

/** Parts of the foundation at once; the first failure ends the others' waits. Operators need both. */
async function startParts(world: SandboxWorld, report: Report, signal: AbortSignal): Promise<void> {
  const failed = new AbortController()
  const together = AbortSignal.any([signal, failed.signal])
  const starts = FOUNDATION.map((part) =>
    part.start(world, report, together).catch((error: unknown) => {
      failed.abort(error)
      throw error
    }),
  )
  await Promise.allSettled(starts)
  // The first failure is the cause; the others were only told to stop.
  if (failed.signal.aborted) throw failed.signal.reason
  for (const part of OPERATORS) await part.start(world, report, signal)
}

interface Making {
  readonly options: UpOptions
  readonly report: Report
  readonly signal: AbortSignal
}

async function ensureSettings(place: Place, making: Making): Promise<Settings> {
  const { options } = making
  const known = await readSettings(place.dir)
  const demand = { standInDir: join(place.dir, 'charts') }
  const choice = options.charts ?? (options.shell.LLMGW_SANDBOX_CHARTS || undefined)
  const runtimeChoice = chosenRuntime(options, known)
  if (known !== undefined && hasOperators(known) && (await allExecutable(known.tools))) {
    if (choice === undefined) return known
    const charts = await resolveCharts(choice, demand)
    if (JSON.stringify(charts) === JSON.stringify(known.charts)) return known
    return await save(place, { ...known, charts })
  }
  const obtained = await obtainTools(place, making)
  const charts = choice === undefined && known ? known.charts : await resolveCharts(choice ?? 'auto', demand)
  // What kwok leaves alone was decided when the cluster was made.
  if (known) return await save(place, { ...known, ...obtained, charts })
  const runtime = await resolveRuntime(runtimeChoice, { place, tools: obtained.tools, ...making })
  return await save(place, { ...(await newSettings(place, options)), ...obtained, charts, runtime })
}

/** An earlier version of this program knew fewer. */
const hasOperators = ({ tools }: Settings): boolean => CATALOG.every(({ tool }) => tools[tool] !== undefined)

async function allExecutable(tools: Readonly<Record<string, string>>): Promise<boolean> {
  return (await Promise.all(Object.values(tools).map(isExecutable))).every(Boolean)
}

async function save(place: Place, settings: Settings): Promise<Settings> {
  await mkdir(place.dir, { recursive: true, mode: 0o700 })
  // An existing folder keeps its mode in mkdir.
  await chmod(place.dir, 0o700)
  await writeSettings(place.dir, settings)
  return settings
}

async function newSettings(
  place: Place,
  { stages, shell }: UpOptions,
): Promise<Omit<Settings, 'tools' | 'origins' | 'charts' | 'runtime'>> {
  const ownStages = stages ?? (shell.LLMGW_SANDBOX_STAGES || undefined)
  const known = await listSettings(place.sandboxes)
  const taken = new Set([...(await rangesInUse()), ...known.map(({ serviceRange }) => serviceRange)])
  return {
    format: 1,
    name: place.name,
    serviceRange: pickServiceRange(place.dir, taken),
    oidcIssuer: oidcIssuer(place.name),
    aws: fakeAccount(await freePort()),
    ...(ownStages === undefined ? {} : { stages: resolve(ownStages) }),
  }
}
