import { parse } from 'yaml'
import * as z from 'zod'
import { ConfigError } from '../../errors.ts'

const digest = z.string().regex(/^sha256:[0-9a-f]{64}$/, 'sha256: and 64 hex digits')

const lockSchema = z.strictObject({
  charts: z.record(
    z.string(),
    z.strictObject({
      /** Name in Chart.yaml; the key, when absent. */
      name: z.string().optional(),
      version: z.string(),
      repository: z.string().regex(/^(https?|oci):\/\//, 'starts with https:// or oci://'),
      digest: digest.optional(),
      contents: digest.optional(),
    }),
  ),
})

/** A chart as the lock file pins it. */
export interface LockedChart {
  readonly name: string
  readonly version: string
  /** `https://…` chart repository, or `oci://…` without the chart's name. */
  readonly repository: string
  /** sha256 of the archive; absent = digest not pinned. */
  readonly digest?: string | undefined
  /** sha256 over the unpacked chart, see `folderDigest`. */
  readonly contents?: string | undefined
}

/** Charts by key. */
export type ChartLock = Readonly<Record<string, LockedChart>>

/** The lock file from its text. @throws ConfigError ChartLockInvalid */
export function parseChartLock(text: string, file = 'helm-values/charts.lock.yaml'): ChartLock {
  const refused = (cause: unknown) => new ConfigError('ChartLockInvalid', `${file} is not a chart lock file`, { cause })
  let found: unknown
  try {
    found = parse(text, { logLevel: 'error' })
  } catch (error) {
    throw refused(error)
  }
  const result = lockSchema.safeParse(found)
  if (!result.success) throw refused(z.prettifyError(result.error))
  return Object.fromEntries(
    Object.entries(result.data.charts).map(([key, chart]) => [key, { ...chart, name: chart.name ?? key }]),
  )
}
