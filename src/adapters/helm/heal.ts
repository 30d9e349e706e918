import { StepError } from '../../errors.ts'
import type { Kube } from '../../ports/kube.ts'
import type { Clock } from '../../ports/world.ts'
import { runState } from '../run-id.ts'
import type { HelmCalls } from './calls.ts'
import { findRevision, markFailed, type StoredRevision } from './release-secret.ts'

/** Helm's own default for `--timeout`, of which a revision that others made may make use. */
const HELM_DEFAULT_TIMEOUT_MS = 300_000

interface Healing {
  readonly kube: Kube
  readonly calls: HelmCalls
  readonly clock: Clock
}

interface Release {
  readonly name: string
  readonly namespace: string
  readonly timeoutMs: number
}

const isUnfinished = (status: string): boolean => status.startsWith('pending-') || status === 'uninstalling'

/** When the last operation began: Helm does not date the start of an uninstall, but notes the last write of the Secret. */
function begunAt({ record, secret }: StoredRevision): number {
  const written = Number(secret.metadata.labels?.modifiedAt ?? 0) * 1000
  const deployed = Date.parse(record.updatedAt)
  return Math.max(written, Number.isNaN(deployed) ? 0 : deployed)
}

async function isAbandoned(revision: StoredRevision, orphaned: boolean, until: number, now: number): Promise<boolean> {
  if (orphaned || now >= until) return true
  // An uninstall keeps the label of the run that installed, which says nothing about it.
  if (revision.record.status === 'uninstalling') return false
  const state = await runState(revision.run)
  return state === 'dead' || state === 'own'
}

/**
 * Makes a release that a dead helm left in `pending-*` or `uninstalling` ready for the next operation; `uninstall`
 * tells that its removal has to be finished first. Only to be called under the lock.
 * @throws StepError HelmPending while somebody else may still be at work
 */
export async function heal(
  healing: Healing,
  release: Release,
  options: { readonly report: (line: string) => void; readonly signal: AbortSignal },
): Promise<'sound' | 'uninstall'> {
  const { kube, calls, clock } = healing
  const { report, signal } = options
  const name = `${release.namespace}/${release.name}`
  const orphaned = await calls.endOrphans(name, report, signal)
  const revision = await findRevision(kube, release, signal)
  if (revision === undefined || !isUnfinished(revision.record.status)) return 'sound'
  const { status, revision: number } = revision.record
  const until = begunAt(revision) + Math.max(release.timeoutMs, HELM_DEFAULT_TIMEOUT_MS)
  if (!(await isAbandoned(revision, orphaned, until, clock.now()))) {
    const when = new Date(until).toISOString()
    throw new StepError(
      'HelmPending',
      `release ${name} is ${status} (revision ${number}): another helm may be at work`,
      {
        cause: revision.record.description,
        hint: `run the command again when that helm has ended, at the latest after ${when}: then the release is healed`,
      },
    )
  }
  if (status === 'uninstalling') {
    report(`release ${name} was left half uninstalled: finishing that first`)
    return 'uninstall'
  }
  report(`release ${name} was left ${status} by a helm that is gone: marking revision ${number} as failed`)
  await markFailed(kube, revision, `Marked failed by llmgw: the helm that left it ${status} is gone`)
  return 'sound'
}
