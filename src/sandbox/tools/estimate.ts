import { readModulePin } from '../operators/module-pin.ts'
import { type Buildable, isOperator, type ModuleName, TOOLS } from './pins.ts'

/**
 * CPU seconds of a build with empty Go caches. All four together took 1,040 in one run on two busy cores; how they divide is
 * an estimate. The pins of operators hold their own.
 */
const CPU_SECONDS: Readonly<Record<ModuleName, number>> = {
  etcd: 100,
  kubernetes: 600,
  kwok: 160,
  helm: 180,
}

/** How long building these takes, as a range: fast cores and warm Go caches to slow cores and cold ones. */
export function buildEstimate(tools: readonly Buildable[], cores: number): string {
  const modules = new Set(tools.flatMap((tool) => (isOperator(tool) ? [] : [TOOLS[tool].module])))
  const cpuSeconds = [
    ...[...modules].map((module) => CPU_SECONDS[module]),
    ...tools.filter(isOperator).map((tool) => readModulePin(tool).cpuSeconds),
  ].reduce((sum, seconds) => sum + seconds, 0)
  const minutes = cpuSeconds / Math.max(cores, 1) / 60
  const [least, most] = [Math.max(1, Math.round(minutes * 0.4)), Math.max(2, Math.ceil(minutes * 1.5))]
  return `${least} to ${most} minutes on ${cores} core${cores === 1 ? '' : 's'}, once`
}
