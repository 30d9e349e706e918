import { restartStep } from '../../../steps/day-two/restart.ts'
import type { ChangeFlags } from '../flags.ts'
import type { Host } from '../host.ts'
import { oneOff, reading } from '../run/one-off.ts'

/** `llmgw restart`: replaces the pods of a component. @returns exit code */
export async function restart(word: string, flags: ChangeFlags, host: Host): Promise<number> {
  return await oneOff({ verb: 'restart', word, flags, host }, async (session, release) => ({
    step: await restartStep(reading(session), release),
    notes: [],
  }))
}
