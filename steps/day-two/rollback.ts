import { PreflightError, UsageError } from '../../src/errors.ts'
import type { LlmgwStep, ReleaseRecord } from '../../src/ports/index.ts'
import { wasDeployed } from '../helm-release/back-out.ts'
import { chartLabel, releaseTarget, watchedRefs } from '../helm-release/definition.ts'
import type { ReleaseStep } from '../helm-release.ts'
import { durationMs } from '../names.ts'
import { isTlsIn, switchFault } from '../redis/switch.ts'
import { actionStep } from './action.ts'
import { ownRelease, type Reading } from './workloads.ts'

/**
 * Takes a release back to an earlier revision: to the one that was deployed before, unless one is named.
 * @throws UsageError NoSuchRevision, PreflightError NoEarlierRevision, CacheTlsSwitched
 */
export async function rollbackStep(ctx: Reading, step: ReleaseStep, revision: number | undefined): Promise<LlmgwStep> {
  const newest = await ownRelease(ctx, step)
  const place = step.place(ctx.config)
  const [, ...older] = await ctx.helm.history(place.name, place.namespace, ctx.signal)
  const wanted = revision === undefined ? earlier(step, older) : named(newest, older, revision)
  if (step.component === 'redis') await refuseSwitch(ctx, wanted)
  const timeoutMs = durationMs(ctx.config.timeouts.helm)
  return actionStep({
    id: `rollback-${step.id}`,
    title: `Roll ${step.component} back to revision ${wanted.revision}`,
    component: step.component,
    changes: [{ action: 'run', target: releaseTarget(place), detail: `${label(newest)} -> ${label(wanted)}` }],
    run: (run) =>
      run.helm.rollback({ ...place, revision: wanted.revision, timeoutMs }, { signal: run.signal, report: run.report }),
    watched: async () => watchedRefs(wanted),
  })
}

/** To a revision from before Redis spoke TLS, or stopped to: its servers would never get ready. */
async function refuseSwitch(ctx: Reading, { manifest, revision }: ReleaseRecord): Promise<void> {
  const fault = await switchFault(ctx, isTlsIn(manifest))
  if (fault)
    throw new PreflightError(fault.code, `revision ${revision} is of another kind: ${fault.message}`, {
      hint: `set cache.tls as it was then, and: ${fault.hint}`,
    })
}

function earlier({ component }: ReleaseStep, older: readonly ReleaseRecord[]): ReleaseRecord {
  const last = older.find(wasDeployed)
  if (last !== undefined) return last
  throw new PreflightError(
    'NoEarlierRevision',
    `the release of ${component} has no earlier revision that was deployed`,
    {
      hint: `deploy what is wanted instead: llmgw deploy ${component}`,
    },
  )
}

function named(newest: ReleaseRecord, older: readonly ReleaseRecord[], revision: number): ReleaseRecord {
  const found = older.find((record) => record.revision === revision)
  if (found !== undefined && wasDeployed(found)) return found
  const good = older.filter(wasDeployed).map((record) => String(record.revision))
  const why =
    revision === newest.revision
      ? 'is the newest one'
      : found === undefined
        ? 'is not kept'
        : found.unready === true
          ? 'did not get ready when it was deployed'
          : `never worked: it is ${found.status}`
  throw new UsageError('NoSuchRevision', `revision ${revision} ${why}`, {
    hint: good.length === 0 ? 'there is none to go back to' : `there are: ${good.join(', ')}`,
  })
}

/** `revision 4, litellm 1.0.0, 2026-11-27T03:00:00Z`. */
function label(record: ReleaseRecord): string {
  const { revision, chart, updatedAt, status, unready } = record
  const state = wasDeployed(record) ? '' : ` (${unready === true ? 'did not get ready' : status})`
  return `revision ${revision}${state}, ${chartLabel(chart)}, ${updatedAt}`
}
