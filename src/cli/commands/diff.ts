import { componentStates } from '../../engine/decide.ts'
import { select } from '../../engine/selection.ts'
import { renderComponentPlan } from '../../ui/plan.ts'
import type { DiffFlags } from '../flags.ts'
import type { Host } from '../host.ts'
import { namedComponents } from '../run/components.ts'
import { NO_ORPHANS } from '../run/orphans.ts'
import { overrideLines } from '../run/override-lines.ts'
import { ownComponents } from '../run/own-components.ts'
import { planDocumentOf } from '../run/plan-document.ts'
import { refuseUnknown, withSession } from '../run/session.ts'

const DIFFERENCES = 4

/** `llmgw diff`: one component in full: every object, every field, every line. @returns exit code */
export async function diff(word: string, given: DiffFlags, host: Host): Promise<number> {
  const named = namedComponents([word])
  const flags = { ...given, deep: true }
  return await withSession({ command: `diff ${word}`, flags, host }, async (session) => {
    const { graph } = select(session.graph, named, { withNeeds: false })
    const looked = await session.look(graph, { diff: true })
    await session.stage.close()
    const components = ownComponents(componentStates(graph, looked), named)
    for (const component of components)
      session.print(
        component.state === 'current'
          ? `${component.component} is as wanted`
          : renderComponentPlan(component, session.style, { detail: 'full', overrides: overrideLines(session.world) }),
      )
    if (components.length === 0) session.print(`${named.join(', ') || 'all'}: this configuration has none of it`)
    const choice = { named, skipped: [] }
    const document = planDocumentOf(session, { choice, components, orphans: NO_ORPHANS })
    session.printJson(document)
    refuseUnknown(looked)
    return document.differs && flags.exitCode ? DIFFERENCES : 0
  })
}
