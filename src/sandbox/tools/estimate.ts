import { TOOLS } from './pins.ts'
import type { Buildable } from './preflight.ts'

/**
 * CPU seconds of a build with empty Go caches. All five together took 1,340 in one run on two busy cores, External Secrets
 * alone about 300; how the rest divides is an estimate.
 */
const CPU_SECONDS: Readonly<Record<string, number>> = {
  etcd: 100,
  kubernetes: 600,
  kwok: 160,
  helm: 180,
  'external-secrets': 300,
}

/** How long building these takes, as a range: fast cores and warm Go caches to slow cores and cold ones. */
export function buildEstimate(tools: readonly Buildable[], cores: number): string {
  const modules = new Set(tools.map((tool) => (tool === 'external-secrets' ? tool : TOOLS[tool].module)))
  const cpuSeconds = [...modules].reduce((sum, module) => sum + (CPU_SECONDS[module] ?? 0), 0)
  const minutes = cpuSeconds / Math.max(cores, 1) / 60
  const [least, most] = [Math.max(1, Math.round(minutes * 0.4)), Math.max(2, Math.ceil(minutes * 1.5))]
  return `${least} to ${most} minutes on ${cores} core${cores === 1 ? '' : 's'}, once`
}
