import { rcompare } from 'semver'
import { publishedVersions } from '../../adapters/charts/published.ts'
import { showText } from '../../config/show.ts'
import { causeOf } from '../../engine/cause.ts'
import { counted } from '../../ui/layout.ts'
import type { ChartsLockFlags, ExitCodeFlags, GlobalFlags } from '../flags.ts'
import type { Host } from '../host.ts'
import { isChartFault } from '../supply/chart-faults.ts'
import { writeOwnLock } from '../supply/own-lock.ts'
import { openSupplies, type Supplies } from '../supply/supplies.ts'
import { tellSupplies, untilStopped } from '../supply/tell.ts'
import { vendorCharts } from '../supply/vendor.ts'

interface ChartRow {
  readonly chart: string
  readonly version: string
  readonly state: 'pinned' | 'not pinned' | 'stand-in' | 'wrong' | 'could-not-look'
  readonly digest?: string
  readonly code?: string
  readonly message?: string
}

/** Right where no digest is asked for. */
const RIGHT: ReadonlySet<ChartRow['state']> = new Set(['pinned', 'not pinned', 'stand-in'])

/** `llmgw charts lock`: writes what the charts are that their source has now. @returns exit code */
export async function chartsLock(flags: ChartsLockFlags, host: Host): Promise<number> {
  return await untilStopped(host, async (signal) => {
    const supplies = await openSupplies(flags, host)
    const { file, charts } = await writeOwnLock(supplies, { file: flags.file, cwd: host.cwd, signal })
    const lines = charts.map(({ key, version, digest }) => `${key} ${version} ${digest}`)
    const hint =
      supplies.loaded.config.charts.lock === undefined ? `use it with charts.lock: ${showText(file)} in llmgw.yaml` : ''
    tellSupplies(flags, host, {
      document: { file, charts },
      lines: [...lines, `wrote ${showText(file)}: ${counted(charts.length, 'chart')}`, ...(hint === '' ? [] : [hint])],
    })
    return 0
  })
}

/** `llmgw charts verify`: gets every chart and holds it against the lock. @returns exit code */
export async function chartsVerify(flags: GlobalFlags & { readonly strict: boolean }, host: Host): Promise<number> {
  return await untilStopped(host, async (signal) => {
    const supplies = await openSupplies(flags, host)
    const rows = await Promise.all(supplies.keys.map((key) => verifyChart(supplies, key, signal)))
    const unseen = rows.filter(({ state }) => state === 'could-not-look').length
    const right = rows.filter(({ state }) => state === 'pinned' || (!flags.strict && RIGHT.has(state))).length
    const wrong = rows.length - right - unseen
    const found =
      wrong === 0
        ? `${counted(rows.length, 'chart')}, none wrong`
        : `${wrong} of ${counted(rows.length, 'chart')} wrong`
    const lines = rows.map(({ chart, version, state, digest, message, code }) =>
      message === undefined ? `${chart} ${version}: ${state}, ${digest}` : `${chart} ${version}: ${message} (${code})`,
    )
    tellSupplies(flags, host, {
      document: { ok: wrong + unseen === 0, charts: rows },
      lines: [...lines, unseen === 0 ? found : `${found}; ${unseen} could not be looked at`],
    })
    return wrong > 0 ? 1 : unseen > 0 ? 3 : 0
  })
}

async function verifyChart({ charts, lock }: Supplies, key: string, signal: AbortSignal): Promise<ChartRow> {
  const { name, version } = lock[key] ?? { name: key, version: '' }
  try {
    const { info } = await charts.resolve(key, signal)
    const state = info.standIn ? 'stand-in' : info.pinned ? 'pinned' : 'not pinned'
    return { chart: name, version, state, digest: info.digest }
  } catch (error) {
    signal.throwIfAborted()
    const { code, message } = causeOf(error)
    return { chart: name, version, state: isChartFault(code) ? 'wrong' : 'could-not-look', code, message }
  }
}

/** `llmgw charts outdated`: asks each repository (or the mirror) for newer versions. @returns exit code */
export async function chartsOutdated(flags: ExitCodeFlags, host: Host): Promise<number> {
  return await untilStopped(host, async (signal) => {
    const supplies = await openSupplies(flags, host)
    const rows = await Promise.all(supplies.keys.map((key) => newest(supplies, key, signal)))
    const older = rows.filter(({ version, newest }) => newest !== undefined && rcompare(newest, version) < 0)
    const unasked = rows.filter(({ message }) => message !== undefined)
    const lines = rows.map(
      ({ chart, version, newest, message }) =>
        message ?? (newest === version ? `${chart} ${version}: newest` : `${chart} ${version}: newest is ${newest}`),
    )
    tellSupplies(flags, host, {
      document: { charts: rows },
      lines: [
        ...lines,
        `${older.length} of ${counted(rows.length, 'chart')} outdated${unasked.length > 0 ? `, ${unasked.length} not known` : ''}`,
      ],
    })
    if (unasked.length > 0) return 3
    return flags.exitCode && older.length > 0 ? 4 : 0
  })
}

async function newest({ lock, mirror }: Supplies, key: string, signal: AbortSignal) {
  const locked = lock[key]
  if (locked === undefined) throw new Error(`no step wants ${key}`)
  const { name: chart, version } = locked
  const place = mirror === undefined || mirror.kind === 'directory' ? locked : { ...locked, repository: mirror.url }
  try {
    const [newest = version] = await publishedVersions(place, {
      signal,
      plainHttp: mirror?.kind === 'oci' && mirror.plainHttp,
    })
    return { chart, version, newest }
  } catch (error) {
    signal.throwIfAborted()
    const { code, message } = causeOf(error)
    return { chart, version, code, message }
  }
}

/** `llmgw charts vendor DIR`: copies every chart to a folder that can be a mirror. @returns exit code */
export async function chartsVendor(folder: string, flags: GlobalFlags, host: Host): Promise<number> {
  return await untilStopped(host, async (signal) => {
    const supplies = await openSupplies(flags, host)
    const { dir, files } = await vendorCharts(supplies, { folder, cwd: host.cwd, signal })
    tellSupplies(flags, host, {
      document: { folder: dir, files },
      lines: [
        ...files,
        `copied ${counted(files.length, 'chart')} to ${showText(folder)}`,
        `deploy from it alone with charts.mirror: { kind: directory, path: ${showText(dir)} } in llmgw.yaml`,
      ],
    })
    return 0
  })
}
