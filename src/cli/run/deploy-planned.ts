import { select } from '../../engine/selection.ts'
import { UsageError } from '../../errors.ts'
import type { DeployFlags } from '../flags.ts'
import type { Host } from '../host.ts'
import { carryOut } from './carry-out.ts'
import { chosenNames, namedComponents } from './components.ts'
import { confirmChanges } from './confirm-changes.ts'
import { resolveMode } from './mode.ts'
import { quoted } from './pasteable.ts'
import { readPlan } from './plan-file.ts'
import { refuseOther, resolvePlanned } from './planned.ts'
import { preflight } from './preflight.ts'
import { askProvided } from './provided.ts'
import { refuseLacking } from './refuse-lacking.ts'
import { refuseUnknown, withSession } from './session.ts'

/** `llmgw deploy --plan FILE`: changes what the plan says, and nothing else. @returns exit code */
export async function deployPlanned(words: readonly string[], flags: DeployFlags, host: Host): Promise<number> {
  const file = flags.plan ?? ''
  if (words.length > 0)
    throw new UsageError('PlanAndMore', `the plan says what is deployed, so ${words.join(', ')} cannot be named too`, {
      hint: `llmgw deploy --plan ${quoted(file)}`,
    })
  const mode = resolveMode(flags, host)
  const plan = await readPlan(host.cwd, file)
  const looking = { ...flags, ...plan.options, deep: plan.look.deep }
  return await withSession({ command: `deploy --plan ${file}`, flags: looking, host }, async (session) => {
    refuseOther(session, plan)
    const choice = { named: namedComponents(plan.scope.named), skipped: namedComponents(plan.scope.skipped) }
    const selection = select(session.graph, chosenNames(session.graph, { ...choice, words: '' }), { withNeeds: false })
    // As closely as the plan looked, so that changes compare.
    const fresh = await session.look(selection.graph, { diff: true })
    refuseUnknown(fresh)
    refuseLacking(selection, fresh, flags)
    const { looked, decisions } = resolvePlanned(selection, fresh, plan)
    await preflight(session, selection.graph, decisions)
    if (decisions.get('secrets')?.decision === 'apply') await askProvided(session, mode.interactive)
    if (mode.interactive) await confirmChanges(session, { graph: selection.graph, looked, decisions, pruned: [] })
    return await carryOut(session, { flags, selection, looked, decisions, pruned: [], exact: true })
  })
}
