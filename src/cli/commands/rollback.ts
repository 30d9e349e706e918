import { rollbackStep } from '../../../steps/day-two/rollback.ts'
import type { ChangeFlags } from '../flags.ts'
import type { Host } from '../host.ts'
import { oneOff, reading } from '../run/one-off.ts'

/** `llmgw rollback`: takes a release back to an earlier revision. @returns exit code */
export async function rollback(
  word: string,
  revision: number | undefined,
  flags: ChangeFlags,
  host: Host,
): Promise<number> {
  const more = revision === undefined ? {} : { more: String(revision) }
  return await oneOff({ verb: 'rollback', word, ...more, flags, host }, async (session, release) => ({
    step: await rollbackStep(reading(session), release, revision),
    notes: [
      'the configuration still says otherwise: the next deploy goes forward again',
      ...(release.component === 'litellm' && session.ctx.config.database.kind !== 'none'
        ? ['migrations of the database are not undone: an older LiteLLM must be able to work with the newer schema']
        : []),
    ],
  }))
}
