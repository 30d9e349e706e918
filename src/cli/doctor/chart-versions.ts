import { coerce, satisfies, validRange } from 'semver'
import type { DoctorContext } from '../../../steps/doctor/index.ts'
import { type Finding, releases } from '../../../steps/doctor/index.ts'

/** Helm takes `>=1.21-0` and commas, which semver does not. Source: github.com/Masterminds/semver, README. */
function rangeOf(kubeVersion: string): string | null {
  return validRange(kubeVersion.replaceAll(',', ' ').replace(/(^|[^\d.])(\d+\.\d+)-/g, '$1$2.0-'))
}

/** Whether the cluster's version is in the range of each chart. */
export async function chartVersionsFinding(ctx: DoctorContext, kubeVersion: string): Promise<Finding> {
  const version = coerce(kubeVersion)
  if (version === null) return { result: 'could-not-look', evidence: `"${kubeVersion}" is no version` }
  const chosen = releases.filter((step) => step.off?.(ctx) === undefined)
  const charts = await Promise.all(
    chosen.map(async (step) => (await ctx.helm.inputs(await step.spec(ctx), ctx.signal)).chart),
  )
  const words = charts.map(({ name, kubeVersion: range }) => `${name} ${range ?? 'takes any'}`).join(', ')
  const evidence = `Kubernetes ${version.version}; ${words}`
  const unread = charts.filter(({ kubeVersion: range }) => range !== undefined && rangeOf(range) === null)
  if (unread.length > 0)
    return {
      result: 'could-not-look',
      evidence: `no range: ${unread.map(({ kubeVersion: range }) => range).join(', ')}`,
    }
  const wrong = charts.filter(({ kubeVersion: range }) => {
    const read = range === undefined ? null : rangeOf(range)
    return read !== null && !satisfies(version, read, { includePrerelease: true })
  })
  if (wrong.length === 0) return { result: 'pass', evidence }
  const names = wrong.map(({ name }) => name).join(', ')
  return {
    result: 'fail',
    evidence: `${evidence}; out of range: ${names}`,
    fix: 'upgrade the cluster, or pin other charts',
  }
}
