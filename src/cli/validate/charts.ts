import { createCharts } from '../../adapters/charts/create-charts.ts'
import type { ChartLock } from '../../adapters/charts/lock.ts'
import type { LoadedConfig } from '../../config/load.ts'
import { describeOrigin, type Origin } from '../../config/origin.ts'
import { causeOf } from '../../engine/cause.ts'
import type { Assets, ReleaseSpec } from '../../ports/index.ts'
import { chartLock, SHIPPED_LOCK } from '../supply/chart-lock.ts'
import { type Finding, findingOf } from './finding.ts'

/** Whether the lock file, and a mirror in a directory, have every chart that is wanted. No chart is fetched. */
export async function checkCharts(
  loaded: LoadedConfig,
  releases: readonly ReleaseSpec[],
  assets: Assets,
): Promise<readonly Finding[]> {
  const keys = [...new Set(releases.map(({ chart }) => chart))].sort()
  const shipped = await assets.text(SHIPPED_LOCK)
  try {
    const lock = await chartLock(loaded, assets)
    const known = keys.filter((key) => lock[key] !== undefined)
    return [
      ...keys.filter((key) => !known.includes(key)).map(unknownChart),
      ...known.filter((key) => lock[key]?.digest === undefined).map((key) => unpinned(key, shipped)),
      ...(await mirrorFindings(loaded, known, lock)),
    ]
  } catch (error) {
    return [findingOf(causeOf(error), SHIPPED_LOCK)]
  }
}

const unknownChart = (key: string): Finding => ({
  severity: 'error',
  code: 'ChartUnknown',
  file: SHIPPED_LOCK,
  message: `has no chart "${key}", which a step wants`,
  fix: `add ${key} with version and repository`,
})

function unpinned(key: string, text: string): Finding {
  const line = text.split('\n').findIndex((one) => one.trim() === `${key}:`) + 1
  const message = `chart ${key}: digest not pinned, so its bytes are not compared with anything`
  const fix = 'nothing to do, or pin the digest of an archive that you have tested'
  return { severity: 'warning', code: 'DigestNotPinned', file: SHIPPED_LOCK, ...(line > 0 && { line }), message, fix }
}

async function mirrorFindings(
  { config, origins }: LoadedConfig,
  keys: readonly string[],
  lock: ChartLock,
): Promise<readonly Finding[]> {
  const { mirror } = config.charts
  // Other places are reached over the network only.
  if (mirror?.kind !== 'directory') return []
  const place = placeOf(origins.get('charts.mirror.path'))
  const charts = createCharts({ lock, mirror, cacheDir: '', run: () => Promise.reject(new Error('no process here')) })
  const found = await Promise.all(
    keys.map(async (key) => {
      try {
        await charts.resolve(key)
        return []
      } catch (error) {
        return [{ ...findingOf(causeOf(error), place.file), ...place }]
      }
    }),
  )
  return found.flat()
}

function placeOf(origin: Origin | undefined): Pick<Finding, 'file' | 'line' | 'column'> {
  if (origin?.kind === 'file') return { file: origin.file, line: origin.line, column: origin.column }
  return { file: origin === undefined ? 'charts.mirror' : describeOrigin(origin) }
}
