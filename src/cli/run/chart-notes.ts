import type { Helm } from '../../ports/index.ts'

export interface WatchedCharts {
  readonly helm: Helm
  /** What is to be said about the charts in use since the last call. */
  notes(): readonly string[]
}

/** The same helm, remembering charts whose digest nothing was compared with. Stand-ins are told apart already. */
export function watchCharts(helm: Helm): WatchedCharts {
  const told = new Set<string>()
  const open = new Set<string>()
  return {
    helm: {
      ...helm,
      async inputs(spec, signal) {
        const found = await helm.inputs(spec, signal)
        const { name, version, pinned, standIn } = found.chart
        const label = `${name} ${version}`
        if (pinned === false && !standIn && !told.has(label)) open.add(label)
        return found
      },
    },
    notes() {
      const labels = [...open].sort()
      for (const label of labels) told.add(label)
      open.clear()
      if (labels.length === 0) return []
      return [`digest not pinned: ${labels.join(', ')}; the chart lock has no digest to compare with`]
    },
  }
}
