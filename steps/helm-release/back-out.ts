import { StepError } from '../../src/errors.ts'
import type { ReleaseRecord, StepContext } from '../../src/ports/index.ts'
import { durationMs } from '../names.ts'
import { releaseTarget, watchedRefs } from './definition.ts'

interface Place {
  readonly name: string
  readonly namespace: string
}

/**
 * Does `work` on a release; where it fails and the run asked for it, the release goes back to the revision that was
 * deployed before this run. The cause is told first: a rollback takes the pods that show it away.
 * @throws StepError RolledBack with the cause, or what `work` threw
 */
export async function orBackOut(ctx: StepContext, place: Place, work: () => Promise<void>): Promise<void> {
  try {
    await work()
  } catch (error) {
    if (!ctx.options.rollbackOnFailure || ctx.signal.aborted) throw error
    await backOut(ctx, place, error)
  }
}

async function backOut(ctx: StepContext, { name, namespace }: Place, error: unknown): Promise<never> {
  const [newest, ...older] = await ctx.helm.history(name, namespace, ctx.signal)
  // A revision of another run is not ours to take back.
  if (newest?.ownRun !== true) throw error
  const before = older.find(wasDeployed)
  const words = wordsOf(error)
  for (const line of words) ctx.report(line)
  const target = releaseTarget({ name, namespace })
  if (before === undefined) {
    ctx.report(`${target} has no earlier revision to go back to: it is left as it is`)
    throw error
  }
  ctx.report(`rolling ${target} back to revision ${before.revision}`)
  const timeoutMs = durationMs(ctx.config.timeouts.helm)
  const run = { signal: ctx.signal, report: ctx.report }
  const givenUp = 'did not get ready, so llmgw went back'
  await ctx.helm.rollback({ name, namespace, revision: before.revision, timeoutMs, givenUp }, run)
  await ctx.readiness.wait(watchedRefs(before), { timeoutMs: durationMs(ctx.config.timeouts.step), ...run })
  throw new StepError(
    'RolledBack',
    `${target} did not get ready in revision ${newest.revision} and was rolled back to revision ${before.revision}`,
    { cause: words, hint: 'mend the cause in the configuration, then deploy again; what differs: llmgw plan' },
  )
}

/** Helm keeps the last good one as deployed behind a failed one, and knows nothing of pods. */
export const wasDeployed = ({ status, unready }: ReleaseRecord): boolean =>
  (status === 'deployed' || status === 'superseded') && unready !== true

/** Message and cause, line by line. */
function wordsOf(error: unknown): readonly string[] {
  if (!(error instanceof Error)) return [String(error)]
  const { cause } = error
  const more =
    cause instanceof Error
      ? [cause.message]
      : Array.isArray(cause)
        ? cause.map(String)
        : cause === undefined
          ? []
          : [String(cause)]
  return [error.message, ...more.flatMap((text) => text.split('\n'))]
}
