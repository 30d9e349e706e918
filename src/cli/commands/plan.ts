import { componentStates } from '../../engine/decide.ts'
import { select } from '../../engine/selection.ts'
import { renderPlan } from '../../ui/plan.ts'
import type { PlanFlags } from '../flags.ts'
import type { Host } from '../host.ts'
import { chosenComponents, chosenNames } from '../run/components.ts'
import { lookForOrphans, NO_ORPHANS, printOrphans } from '../run/orphans.ts'
import { overrideLines } from '../run/override-lines.ts'
import { ownComponents } from '../run/own-components.ts'
import { platformFlags, quoted } from '../run/pasteable.ts'
import { planDocumentOf } from '../run/plan-document.ts'
import { writePlan } from '../run/plan-file.ts'
import { refuseUnknown, withSession } from '../run/session.ts'

const DIFFERENCES = 4

/** `llmgw plan`: what a deploy would change, with Helm's server-side dry run. @returns exit code */
export async function plan(words: readonly string[], flags: PlanFlags, host: Host): Promise<number> {
  const choice = chosenComponents(words, flags)
  const command = choice.words === 'all' ? 'plan' : `plan ${choice.words}`
  return await withSession({ command, flags, host }, async (session) => {
    const names = chosenNames(session.graph, choice)
    const { graph } = select(session.graph, names, { withNeeds: false })
    const [looked, orphans] = await Promise.all([
      session.look(graph, { diff: true }),
      choice.words === 'all' ? lookForOrphans(session, 'all') : NO_ORPHANS,
    ])
    await session.stage.close()
    const components = ownComponents(componentStates(graph, looked), names)
    session.print(renderPlan({ components, overrides: overrideLines(session.world) }, session.style))
    printOrphans(session, orphans)
    const document = planDocumentOf(session, { choice, components, orphans })
    session.printJson(document)
    refuseUnknown(looked)
    if (flags.out !== undefined) {
      await writePlan(host.cwd, flags.out, document)
      session.print(`run exactly this with: llmgw${platformFlags(flags)} deploy --plan ${quoted(flags.out)}`)
    }
    return document.differs && flags.exitCode ? DIFFERENCES : 0
  })
}
