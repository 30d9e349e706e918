import { componentFacts, type Facts } from '../../../steps/facts.ts'
import { causeOf } from '../../engine/cause.ts'
import { componentStates } from '../../engine/decide.ts'
import { select } from '../../engine/selection.ts'
import { renderStatus } from '../../ui/status-table.ts'
import type { StatusFlags } from '../flags.ts'
import type { Host } from '../host.ts'
import { namedComponents } from '../run/components.ts'
import { jsonOfComponents } from '../run/json-of-components.ts'
import { lookForOrphans, NO_ORPHANS, type OrphanLook, printOrphans, prunable, told } from '../run/orphans.ts'
import { ownComponents } from '../run/own-components.ts'
import { refuseUnknown, type Session, withSession } from '../run/session.ts'
import { watch } from '../run/watch.ts'

const DIFFERENCES = 4

/** `llmgw status`: the state of each component, once or until Ctrl-C. @returns exit code */
export async function status(words: readonly string[], flags: StatusFlags, host: Host): Promise<number> {
  const named = namedComponents(words)
  const command = ['status', ...named].join(' ')
  return await withSession({ command, flags, host, readOnly: true }, async (session) => {
    if (flags.watch) return await watch(session, flags.every, () => look(session, named, 'quiet'))
    const seen = await look(session, named, 'told')
    await session.stage.close()
    session.print(seen.text)
    printOrphans(session, seen.orphans)
    session.printJson(seen.json)
    refuseUnknown(seen.looked)
    return flags.exitCode && seen.differs ? DIFFERENCES : 0
  })
}

type Named = ReturnType<typeof namedComponents>

/** Looks at everything that the screen shows. */
async function look(session: Session, named: Named, how: 'told' | 'quiet') {
  const { graph } = select(session.graph, named, { withNeeds: false })
  const lookAt = how === 'told' ? session.look : session.lookQuietly
  const own = graph.order.filter(
    (step) =>
      (named.length === 0 || named.some((name) => name === step.component)) && step.off?.(session.ctx) === undefined,
  )
  const [looked, facts, orphans] = await Promise.all([
    lookAt(graph, { diff: false }),
    factsOf(session, own),
    orphansOf(session, named, how),
  ])
  const components = ownComponents(componentStates(graph, looked), named)
  const now = session.world.clock.now()
  const { components: states, ...head } = jsonOfComponents(session, components)
  return {
    looked,
    orphans,
    text: renderStatus({ components, facts, now }, session.style),
    json: {
      ...head,
      components: states.map((state) => ({ ...state, ...facts.get(state.component) })),
      orphans: told(orphans),
    },
    differs: components.some(({ state }) => state !== 'current') || prunable(orphans).length > 0,
  }
}

/** Facts are beside the point of a state: what hides them is said, and the table is drawn without. */
async function factsOf(session: Session, own: Parameters<typeof componentFacts>[0]) {
  try {
    return await componentFacts(own, { ...session.ctx, signal: session.stop.signal })
  } catch (error) {
    if (session.stop.signal.aborted) throw error
    const message = `could not look for versions, workloads and warnings: ${causeOf(error).message}`
    session.stage.emit({ type: 'note', level: 'warning', message })
    return new Map<string, Facts>()
  }
}

async function orphansOf(session: Session, named: Named, how: 'told' | 'quiet'): Promise<OrphanLook> {
  return named.length === 0 && how === 'told' ? await lookForOrphans(session, 'all') : NO_ORPHANS
}
