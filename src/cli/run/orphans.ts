import { type FoundOrphan, type OrphanSearch, orphanSearches, removals, wantedTargets } from '../../../steps/orphans.ts'
import { bounded } from '../../engine/bounded.ts'
import { causeOf } from '../../engine/cause.ts'
import { buildGraph } from '../../engine/graph.ts'
import type { RunResult } from '../../engine/result.ts'
import type { RunOptions } from '../../engine/run.ts'
import { stepInfos } from '../../engine/selection.ts'
import type { Cause, Observation, Orphan } from '../../engine/step.ts'
import { teardown } from '../../engine/teardown.ts'
import { PreflightError } from '../../errors.ts'
import { renderOrphans } from '../../ui/orphans.ts'
import type { Session } from './session.ts'

const SEARCH_TIMEOUT_MS = 60_000

/** What was found, and what could not be looked for: that is not the same as nothing. */
export interface OrphanLook {
  readonly orphans: readonly FoundOrphan[]
  readonly unlooked: readonly { readonly what: string; readonly prunable: boolean; readonly cause: Cause }[]
}

export const NO_ORPHANS: OrphanLook = { orphans: [], unlooked: [] }

/** Looks for all orphans, or only for those that `--prune` would remove. */
export async function lookForOrphans(session: Session, scope: 'all' | 'prunable'): Promise<OrphanLook> {
  const wanted = await wantedTargets(session.graph.order, session.ctx)
  const searches = orphanSearches.filter(({ prunable }) => prunable || scope === 'all')
  const results = await Promise.all(searches.map((search) => run(session, search, wanted)))
  const look: OrphanLook = {
    orphans: results.flatMap(({ orphans }) => orphans),
    unlooked: results.flatMap(({ unlooked }) => unlooked),
  }
  if (look.orphans.length > 0) session.stage.emit({ type: 'orphans-found', orphans: told(look) })
  for (const { what, cause } of look.unlooked)
    session.stage.emit({
      type: 'note',
      level: 'warning',
      message: `could not look for orphaned ${what}: ${cause.message}`,
    })
  return look
}

async function run(session: Session, search: OrphanSearch, wanted: ReadonlySet<string>): Promise<OrphanLook> {
  const { ctx, world, stop } = session
  const { what, prunable } = search
  try {
    const orphans = await bounded((signal) => search.find({ ...ctx, signal }, wanted), {
      clock: world.clock,
      timeoutMs: SEARCH_TIMEOUT_MS,
      signals: [stop.signal],
      what: `search for orphaned ${what}`,
    })
    return { orphans, unlooked: [] }
  } catch (error) {
    if (stop.signal.aborted) throw error
    return { orphans: [], unlooked: [{ what, prunable, cause: causeOf(error) }] }
  }
}

/** Orphans as data: how they are removed stays between steps. */
export function told({ orphans }: OrphanLook): readonly Orphan[] {
  return orphans.map(({ target, kept }) => ({ target, ...(kept === undefined ? {} : { kept }) }))
}

/** What a prune removes. */
export function prunable({ orphans }: OrphanLook): readonly FoundOrphan[] {
  return orphans.filter(({ remove }) => remove !== undefined)
}

/** Prints what was found; nothing where nothing was. */
export function printOrphans(session: Session, look: OrphanLook): void {
  const { sandbox } = session.request.flags
  const next = `llmgw${sandbox === undefined ? '' : ` --sandbox=${sandbox}`} deploy all --prune`
  if (look.orphans.length > 0) session.print(renderOrphans(look.orphans, session.style, next))
}

/** @throws PreflightError where a prune would not know what it leaves behind */
export function refuseUnlooked({ unlooked }: OrphanLook): void {
  const blind = unlooked.filter((one) => one.prunable)
  const [first] = blind
  if (first === undefined) return
  throw new PreflightError(
    'CouldNotLook',
    `could not look for orphaned ${blind.map(({ what }) => what).join(', ')}, so nothing was started`,
    {
      cause: blind.map(({ cause }) => [cause.message, ...(cause.evidence ?? [])].join(': ')).join('\n'),
      hint: first.cause.hint ?? 'mend the cause and run the command again, or leave out --prune',
    },
  )
}

/** Removes what was agreed on, each after what needs it. */
export async function prune(
  session: Session,
  orphans: readonly FoundOrphan[],
  options: Omit<RunOptions, 'looked'>,
): Promise<RunResult> {
  const graph = buildGraph(removals(orphans))
  session.stage.emit({ type: 'prune-started', steps: stepInfos(graph, session.ctx) })
  const seen: Observation = { state: 'drifted', changes: [] }
  const observations = new Map(graph.order.map(({ id }) => [id, seen]))
  const looked = { observations, off: new Map<string, string>(), depth: { diff: false, deep: false } }
  return await teardown(graph, session.ctx, { ...options, looked, selected: new Set(observations.keys()) })
}
