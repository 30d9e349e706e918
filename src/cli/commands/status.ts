import { componentStates } from '../../engine/decide.ts'
import { select } from '../../engine/selection.ts'
import { renderStatus } from '../../ui/status-table.ts'
import type { PlanFlags } from '../flags.ts'
import type { Host } from '../host.ts'
import { namedComponents } from '../run/components.ts'
import { jsonOfComponents } from '../run/json-of-components.ts'
import { lookForOrphans, NO_ORPHANS, printOrphans, prunable, told } from '../run/orphans.ts'
import { ownComponents } from '../run/own-components.ts'
import { refuseUnknown, withSession } from '../run/session.ts'

const DIFFERENCES = 4

/** `llmgw status`: the state of each component. @returns exit code */
export async function status(words: readonly string[], flags: PlanFlags, host: Host): Promise<number> {
  const named = namedComponents(words)
  const command = ['status', ...named].join(' ')
  return await withSession({ command, flags, host }, async (session) => {
    const { graph } = select(session.graph, named, { withNeeds: false })
    const [looked, orphans] = await Promise.all([
      session.look(graph, { diff: false }),
      named.length === 0 ? lookForOrphans(session, 'all') : NO_ORPHANS,
    ])
    await session.stage.close()
    const components = ownComponents(componentStates(graph, looked), named)
    session.print(renderStatus(components, session.style))
    printOrphans(session, orphans)
    session.printJson({ ...jsonOfComponents(session, components), orphans: told(orphans) })
    refuseUnknown(looked)
    const differs = components.some(({ state }) => state !== 'current') || prunable(orphans).length > 0
    return flags.exitCode && differs ? DIFFERENCES : 0
  })
}
