import { access, rm, stat } from 'node:fs/promises'
import { join, resolve } from 'node:path'
import type { Config } from '../../config/schema.ts'
import { ConfigError, PreflightError } from '../../errors.ts'
import type { ChartInfo } from '../../ports/helm.ts'
import { inspectArchive, inspectFolder } from './inspect.ts'
import type { ChartLock, LockedChart } from './lock.ts'
import { archiveName, cachedFile, pull, type Remote, type RunHelm } from './pull.ts'
import { verified } from './verify.ts'

/** A chart on this machine that is the one the lock file pins. */
interface ResolvedChart {
  /** An archive or an unpacked folder. */
  readonly path: string
  readonly info: ChartInfo
}

export interface Charts {
  /**
   * The chart of a key in the lock file. No process when it is in a directory or cached.
   * @throws PreflightError ChartMissing, ChartUnavailable, ChartMismatch, ChartDigestMismatch
   */
  resolve(key: string, signal?: AbortSignal): Promise<ResolvedChart>
}

export interface ChartsOptions {
  readonly lock: ChartLock
  readonly mirror: Config['charts']['mirror']
  readonly cacheDir: string
  readonly run: RunHelm
}

const isThere = (path: string): Promise<boolean> =>
  access(path).then(
    () => true,
    () => false,
  )

/** Charts from `charts.mirror`, or each from its own repository, verified against the lock file. */
export function createCharts(options: ChartsOptions): Charts {
  const known = new Map<string, Promise<ResolvedChart>>()
  return {
    async resolve(key, signal) {
      const locked = options.lock[key]
      if (locked === undefined) {
        throw new ConfigError('ChartUnknown', `helm-values/charts.lock.yaml has no chart "${key}"`)
      }
      const found = known.get(key) ?? locate(options, locked, signal)
      known.set(key, found)
      // A failure is not remembered: the mirror may be mended, or the caller was only cancelled.
      found.catch(() => known.delete(key))
      return found
    },
  }
}

function locate(options: ChartsOptions, locked: LockedChart, signal?: AbortSignal): Promise<ResolvedChart> {
  const { mirror } = options
  if (mirror?.kind === 'directory') return fromDirectory(resolve(mirror.path), locked)
  const remote: Remote =
    mirror === undefined
      ? { url: locked.repository, plainHttp: false, isMirror: false }
      : { url: mirror.url, plainHttp: mirror.kind === 'oci' && mirror.plainHttp, isMirror: true }
  return fromRemote(options, { remote, locked, signal })
}

async function fromDirectory(directory: string, locked: LockedChart): Promise<ResolvedChart> {
  const archive = join(directory, archiveName(locked))
  if (await isThere(archive)) return { path: archive, info: verified(await readable(archive), locked, archive) }
  const folder = join(directory, locked.name)
  if (await isThere(join(folder, 'Chart.yaml'))) {
    return { path: folder, info: verified(await inspectFolder(folder), locked, folder) }
  }
  const isDirectory = await stat(directory).then(
    (found) => found.isDirectory(),
    () => false,
  )
  throw new PreflightError(
    'ChartMissing',
    isDirectory
      ? `chart ${locked.name} ${locked.version} is not in the mirror ${directory}: expected ${archiveName(locked)} or ${locked.name}/Chart.yaml`
      : `the chart mirror ${directory} is not a directory`,
    { hint: `put ${archiveName(locked)} into the directory that charts.mirror.path names` },
  )
}

async function readable(file: string) {
  return inspectArchive(file).catch((error: unknown) => {
    throw new PreflightError('ChartUnreadable', `${file} is not a whole chart archive`, {
      cause: error,
      hint: 'copy or download it again',
    })
  })
}

async function fromRemote(
  { cacheDir, run }: ChartsOptions,
  wanted: { readonly remote: Remote; readonly locked: LockedChart; readonly signal: AbortSignal | undefined },
): Promise<ResolvedChart> {
  const { remote, locked, signal } = wanted
  const path = cachedFile(cacheDir, remote, locked)
  const accept = async (file: string) => verified(await readable(file), locked, remote.url)
  if (await isThere(path)) {
    const info = await accept(path).catch(() => undefined)
    if (info !== undefined) return { path, info }
    // Damaged, or pinned to other bytes since: the source decides.
    await rm(path, { force: true })
  }
  return { path, info: await pull({ remote, locked, run }, path, { accept, signal }) }
}
