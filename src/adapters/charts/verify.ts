import { PreflightError } from '../../errors.ts'
import type { ChartInfo } from '../../ports/helm.ts'
import type { InspectedChart } from './inspect.ts'
import type { LockedChart } from './lock.ts'

/**
 * The chart as steps see it, once it is the one that the lock file pins.
 * @throws PreflightError ChartMismatch (another chart or version), ChartDigestMismatch (other bytes)
 */
export function verified(chart: InspectedChart, locked: LockedChart, source: string): ChartInfo {
  const { name, version, digest, standIn, kubeVersion } = chart
  if (name !== locked.name || version !== locked.version) {
    throw new PreflightError(
      'ChartMismatch',
      `${source} holds chart ${name} ${version}, expected ${locked.name} ${locked.version}`,
      { hint: 'put the version of helm-values/charts.lock.yaml into the mirror' },
    )
  }
  const pin = chart.form === 'archive' ? locked.digest : locked.contents
  // A stand-in is another chart under the same name: the digest of the real one says nothing about it.
  const pinned = pin !== undefined && !standIn
  if (pinned && pin !== digest) {
    throw new PreflightError(
      'ChartDigestMismatch',
      `chart ${name} ${version} from ${source} is not the one that was tested: found ${digest}, expected ${pin}`,
      { hint: 'find out who changed the chart; nothing was installed from it' },
    )
  }
  return { name, version, digest, standIn, pinned, ...(kubeVersion === undefined ? {} : { kubeVersion }) }
}
