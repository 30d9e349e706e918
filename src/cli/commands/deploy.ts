import type { FoundOrphan } from '../../../steps/orphans.ts'
import { type Decisions, decide } from '../../engine/decide.ts'
import type { Looked } from '../../engine/look.ts'
import { type Selection, select } from '../../engine/selection.ts'
import { UsageError } from '../../errors.ts'
import type { Services } from '../../ports/index.ts'
import type { DeployFlags } from '../flags.ts'
import type { Host } from '../host.ts'
import { carryOut } from '../run/carry-out.ts'
import { type Choice, chosenComponents, chosenNames, type Named } from '../run/components.ts'
import { confirmChanges } from '../run/confirm-changes.ts'
import { type Mode, resolveMode } from '../run/mode.ts'
import { lookForOrphans, NO_ORPHANS, printOrphans, prunable, refuseUnlooked } from '../run/orphans.ts'
import { preflight } from '../run/preflight.ts'
import { askProvided } from '../run/provided.ts'
import { askAboutExisting } from '../run/questions.ts'
import { refuseLacking } from '../run/refuse-lacking.ts'
import { refuseUnknown, type Session, withSession } from '../run/session.ts'

/** `llmgw deploy`: look, agree, change, verify. @returns exit code */
export async function deploy(words: readonly string[], flags: DeployFlags, host: Host): Promise<number> {
  if (flags.plan !== undefined)
    return await (await import('../run/deploy-planned.ts')).deployPlanned(words, flags, host)
  if (words.length === 0 && flags.only === undefined && flags.skip === undefined)
    throw new UsageError('NothingNamed', 'deploy needs names of components, or all', { hint: 'llmgw deploy all' })
  const choice = chosenComponents(words, flags)
  refusePartialPrune(choice, flags)
  const mode = resolveMode(flags, host)
  const more = [...(flags.prune ? ['--prune'] : []), ...(flags.rollbackOnFailure ? ['--rollback-on-failure'] : [])]
  const command = ['deploy', choice.words, ...more].join(' ')
  const options = { rollbackOnFailure: flags.rollbackOnFailure }
  return await withSession({ command, flags, host, options }, (session) => run(session, { choice, mode, flags }))
}

interface Request {
  readonly choice: Choice
  readonly mode: Mode
  readonly flags: DeployFlags
}

async function run(session: Session, request: Request): Promise<number> {
  const { choice, flags, mode } = request
  const selection = select(session.graph, chosenNames(session.graph, choice), { withNeeds: flags.withNeeds })
  const [looked, orphans] = await Promise.all([
    session.look(selection.graph, { diff: false }),
    isWhole(choice) ? lookForOrphans(session, 'prunable') : NO_ORPHANS,
  ])
  refuseOff(selection, looked, choice.named)
  refuseUnknown(looked)
  refuseLacking(selection, looked, flags)
  if (flags.prune) refuseUnlooked(orphans)
  const pruned = flags.prune ? prunable(orphans) : []
  const decisions = await agree(session, { selection, looked, pruned }, mode)
  const exitCode = await carryOut(session, { flags, selection, looked, decisions, pruned })
  if (!flags.prune) printOrphans(session, orphans)
  return exitCode
}

function isWhole({ named, skipped }: Choice): boolean {
  return named.length === 0 && skipped.length === 0
}

/** What a part of the platform does not want, another part may. */
function refusePartialPrune(choice: Choice, { prune }: DeployFlags): void {
  if (!prune || isWhole(choice)) return
  throw new UsageError('PruneNotAll', '--prune removes what no component wants, so it goes with all components only', {
    hint: 'llmgw deploy all --prune; see what it would remove with: llmgw plan',
  })
}

interface Found {
  readonly selection: Selection<Services>
  readonly looked: Looked
  readonly pruned: readonly FoundOrphan[]
}

/** All questions, before anything is changed. */
async function agree(session: Session, { selection, looked, pruned }: Found, mode: Mode): Promise<Decisions> {
  const { graph, selected } = selection
  const answers = await askAboutExisting(session, { graph, looked, selected }, mode.onExisting)
  const decisions = decide(graph, looked, { onExisting: mode.onExisting, answers, selected })
  await preflight(session, graph, decisions)
  if (decisions.get('secrets')?.decision === 'apply') await askProvided(session, mode.interactive)
  if (mode.interactive) await confirmChanges(session, { graph, looked, decisions, pruned })
  return decisions
}

/** Somebody who names a component wants it; that the configuration has none of it is a contradiction. */
function refuseOff(selection: Selection<Services>, { off }: Looked, named: Named): void {
  for (const component of named) {
    const steps = selection.graph.order.filter((step) => step.component === component)
    if (steps.length === 0)
      throw new UsageError('ComponentNotThere', `component ${component} has no steps in this version`, {
        hint: 'see what there is with: llmgw components',
      })
    const reasons = steps.map((step) => off.get(step.id))
    if (reasons.every((reason) => reason !== undefined))
      throw new UsageError('ComponentOff', `component ${component} is off in this configuration: ${reasons[0]}`, {
        hint: 'change the configuration, or leave the component out',
      })
  }
}
