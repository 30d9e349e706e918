import type { ReleaseRecord, StepContext } from '../../src/ports/index.ts'

const wordsOf = (error: unknown): string => (error instanceof Error ? error.message : String(error))

/**
 * Waits for a revision, and notes on it how that ended: Helm calls deployed what never got ready, and a rollback would go back
 * to it. Only the run that made a revision may say that it did not; that it did after all, each may.
 */
export async function notingReady(ctx: StepContext, record: ReleaseRecord, wait: () => Promise<void>): Promise<void> {
  try {
    await wait()
  } catch (error) {
    if (record.ownRun === true && !ctx.signal.aborted)
      // The cause must not be lost for the note.
      await ctx.helm.noteReady(record, false, ctx.signal).catch((failure: unknown) => {
        ctx.report(`could not note on ${record.name} that it did not get ready: ${wordsOf(failure)}`)
      })
    throw error
  }
  if (record.unready === true) await ctx.helm.noteReady(record, true, ctx.signal)
}
