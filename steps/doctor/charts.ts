import { chartLabel } from '../helm-release/definition.ts'
import type { ReleaseStep } from '../helm-release.ts'
import type { DoctorCheck } from './finding.ts'

/** The chart of each release can be had, and whether its bytes are pinned. Downloads what is not cached. */
export function chartChecks(releases: readonly ReleaseStep[]): readonly DoctorCheck[] {
  return releases.map((step) => ({
    id: `chart-${step.id}`,
    title: `Chart of ${step.id}`,
    asks: 'charts',
    async run(ctx) {
      const off = step.off?.(ctx)
      if (off !== undefined) return { result: 'skip', evidence: off }
      const { chart } = await ctx.helm.inputs(await step.spec(ctx), ctx.signal)
      const evidence = `${chartLabel(chart)}, ${chart.digest.slice(0, 19)}…`
      if (chart.pinned) return { result: 'pass', evidence: `${evidence}, digest as pinned` }
      if (chart.standIn) return { result: 'pass', evidence: `${evidence}; says nothing about the real chart` }
      return {
        result: 'warn',
        evidence: `${evidence}, digest not pinned`,
        fix: "compare it with the publisher's: docs/charts.md",
      }
    },
  }))
}
