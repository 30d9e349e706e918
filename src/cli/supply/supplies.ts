import { join } from 'node:path'
import { type Charts, createCharts } from '../../adapters/charts/create-charts.ts'
import type { ChartLock } from '../../adapters/charts/lock.ts'
import { createHelmRunner, type HelmRunner } from '../../adapters/helm/runner.ts'
import type { LoadedConfig } from '../../config/load.ts'
import type { Config } from '../../config/schema.ts'
import type { ReleaseSpec } from '../../ports/index.ts'
import { createAssets, packageRoot } from '../assets.ts'
import { findHelm } from '../find-helm.ts'
import type { GlobalFlags } from '../flags.ts'
import { cacheFolder } from '../folders.ts'
import type { Host } from '../host.ts'
import { loadOffline } from '../load-offline.ts'
import { systemClock } from '../system-clock.ts'
import { checkSteps } from '../validate/steps.ts'
import { chartLock } from './chart-lock.ts'

/** What a configuration deploys from, without a cluster or an account. */
export interface Supplies {
  readonly loaded: LoadedConfig
  readonly lock: ChartLock
  readonly mirror: Config['charts']['mirror']
  readonly releases: readonly ReleaseSpec[]
  /** Keys of the charts that these releases need, in order. */
  readonly keys: readonly string[]
  readonly charts: Charts
  readonly helm: HelmRunner
}

/** Opens the places that charts come from. Connects to nothing yet. @throws ConfigError */
export async function openSupplies(flags: GlobalFlags, host: Host): Promise<Supplies> {
  const loaded = await loadOffline(flags, host)
  const sandbox =
    flags.sandbox === undefined
      ? undefined
      : await (await import('../../sandbox/index.ts')).connection({ name: flags.sandbox, shell: host.env })
  const assets = createAssets(packageRoot())
  const lock = await chartLock(loaded, assets)
  const { releases } = await checkSteps(loaded.config, { assets, clock: systemClock })
  const cacheDir = cacheFolder(host.env)
  const binary = sandbox?.helm ?? (await findHelm(host.env, cacheDir))
  const helm = createHelmRunner({ binary, home: join(cacheDir, 'helm'), env: host.env })
  const mirror = loaded.config.charts.mirror ?? sandbox?.charts.mirror
  const charts = createCharts({ lock, mirror, cacheDir: join(cacheDir, 'charts'), run: (call) => helm.run(call) })
  const keys = [...new Set(releases.map(({ chart }) => chart))].sort()
  return { loaded, lock, mirror, releases, keys, charts, helm }
}
