import { scaleStep } from '../../../steps/day-two/scale.ts'
import type { ChangeFlags } from '../flags.ts'
import type { Host } from '../host.ts'
import { oneOff, reading } from '../run/one-off.ts'

/** `llmgw scale`: sets the replicas of a component until the next deploy. @returns exit code */
export async function scale(word: string, replicas: number, flags: ChangeFlags, host: Host): Promise<number> {
  return await oneOff({ verb: 'scale', word, more: String(replicas), flags, host }, (session, release) =>
    scaleStep(reading(session), release, replicas),
  )
}
