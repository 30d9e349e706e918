import { componentStates, type Decisions } from '../../engine/decide.ts'
import type { Graph } from '../../engine/graph.ts'
import type { Looked } from '../../engine/look.ts'
import type { Orphan } from '../../engine/step.ts'
import type { Services } from '../../ports/index.ts'
import { renderOrphans } from '../../ui/orphans.ts'
import { planTotals, renderPlan } from '../../ui/plan.ts'
import { confirmPlan } from '../../ui/prompts.ts'
import { overrideLines } from './override-lines.ts'
import { promptContext } from './questions.ts'
import type { Session } from './session.ts'

interface Agreement {
  readonly graph: Graph<Services>
  readonly looked: Looked
  readonly decisions: Decisions
  /** What `--prune` removes. */
  readonly pruned: readonly Orphan[]
}

/** True when a decision means that something is written. */
export function writes(decisions: Decisions): boolean {
  return [...decisions.values()].some(({ decision }) => decision === 'apply' || decision === 'destroy')
}

/** Shows what will be done and asks once; says nothing where nothing is written. */
export async function confirmChanges(session: Session, { graph, looked, decisions, pruned }: Agreement): Promise<void> {
  if (!writes(decisions) && pruned.length === 0) return
  const plan = { components: componentStates(graph, looked), decisions, overrides: overrideLines(session.world) }
  session.print(renderPlan(plan, session.style))
  if (pruned.length > 0) session.print(renderOrphans(pruned, session.style))
  const { accountId, region, clusterName } = session.guarded.target
  const changes = planTotals(plan)
    .replace(/^Plan: /, '')
    .replace(/;.*$|\.$/, '')
  await confirmPlan({ accountId, region, clusterName, changes: withPruned(changes, pruned) }, promptContext(session))
}

function withPruned(changes: string, { length }: readonly Orphan[]): string {
  return length === 0 ? changes : `${changes}, ${length} orphaned to remove`
}
