import type { DoctorContext, Finding } from '../../../steps/doctor/index.ts'
import type { World } from '../world.ts'

/** Whether another run works on this deployment now. */
export async function lockFinding(world: World, { kube, config, signal }: DoctorContext): Promise<Finding> {
  const held = await world.findLock(kube, config.deployment, signal)
  if (held === undefined) return { result: 'pass', evidence: `nobody holds the lock of ${config.deployment}` }
  const { holder, since, command } = held
  return {
    result: 'warn',
    evidence: `held by ${holder} since ${since ?? 'an unknown time'}${command === undefined ? '' : ` (${command})`}`,
    fix: 'llmgw lock status',
  }
}
