import { readFile } from 'node:fs/promises'
import { dirname, resolve } from 'node:path'
import { type ChartLock, parseChartLock } from '../../adapters/charts/lock.ts'
import type { LoadedConfig } from '../../config/load.ts'
import { showText } from '../../config/show.ts'
import { ConfigError } from '../../errors.ts'
import type { Assets } from '../../ports/index.ts'

/** The lock that comes with this version of llmgw. */
export const SHIPPED_LOCK = 'helm-values/charts.lock.yaml'

/** The pins that hold: those of `charts.lock`, and ours for every chart that it does not name. */
export async function chartLock(loaded: LoadedConfig, assets: Assets): Promise<ChartLock> {
  const shipped = parseChartLock(await assets.text(SHIPPED_LOCK), SHIPPED_LOCK)
  const path = ownLockPath(loaded)
  if (path === undefined) return shipped
  const text = await readFile(path, 'utf8').catch((error: NodeJS.ErrnoException) => {
    if (error.code === 'ENOENT')
      throw new ConfigError('ChartLockInvalid', `${showText(path)}, which charts.lock names, is not there`, {
        hint: 'write it with: llmgw charts lock',
      })
    throw new ConfigError('ChartLockInvalid', `${showText(path)} cannot be read`, { cause: error })
  })
  const own = parseChartLock(text, path)
  const unknown = Object.keys(own).filter((key) => shipped[key] === undefined)
  if (unknown.length > 0)
    throw new ConfigError(
      'ChartLockInvalid',
      `${showText(path)} pins what llmgw does not deploy: ${unknown.map(showText).join(', ')}`,
    )
  return { ...shipped, ...own }
}

/** Path of the lock that the configuration names, relative to its file. */
export function ownLockPath({ config, file }: LoadedConfig): string | undefined {
  const { lock } = config.charts
  return lock === undefined ? undefined : resolve(file === undefined ? '.' : dirname(file), lock)
}
