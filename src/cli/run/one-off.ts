import { isReleaseStep, type ReleaseStep } from '../../../steps/helm-release.ts'
import { decide } from '../../engine/decide.ts'
import { buildGraph } from '../../engine/graph.ts'
import { UsageError } from '../../errors.ts'
import type { LlmgwStep, Services } from '../../ports/index.ts'
import type { ChangeFlags } from '../flags.ts'
import type { Host } from '../host.ts'
import { carryOut } from './carry-out.ts'
import { namedComponents } from './components.ts'
import { confirmChanges } from './confirm-changes.ts'
import { resolveMode } from './mode.ts'
import { preflight } from './preflight.ts'
import { refuseUnknown, type Session, withSession } from './session.ts'

export interface OneOff {
  /** Verb, e.g. `restart`. */
  readonly verb: string
  /** As the user named the component. */
  readonly word: string
  /** What else belongs to the command, e.g. a number. */
  readonly more?: string
  readonly flags: ChangeFlags
  readonly host: Host
}

/** What is done, and what is said before it is agreed on. */
export interface Prepared {
  readonly step: LlmgwStep
  readonly notes: readonly string[]
}

/** One action on the release of one component: prepared, agreed on, done under the lock, reported. @returns exit code */
export async function oneOff(
  { verb, word, more, flags, host }: OneOff,
  prepare: (session: Session, release: ReleaseStep) => Promise<Prepared>,
): Promise<number> {
  const [component] = namedComponents([word])
  if (component === undefined)
    throw new UsageError('OneComponent', `${verb} works on one component, not on all`, { hint: 'llmgw components' })
  const { interactive } = resolveMode(
    { ...flags, onExisting: 'update', withNeeds: false, prune: false, rollbackOnFailure: false },
    host,
  )
  const command = [verb, component, more].filter((part) => part !== undefined).join(' ')
  return await withSession({ command, flags, host }, async (session) => {
    const release = session.graph.order.filter(isReleaseStep).find((step) => step.component === component)
    if (release === undefined)
      throw new UsageError('NoRelease', `${component} has no Helm release of its own, so there is nothing to ${verb}`, {
        hint: 'llmgw components',
      })
    const { step, notes } = await prepare(session, release)
    const graph = buildGraph<Services>([step as LlmgwStep<unknown>])
    const looked = await session.look(graph, { diff: false })
    refuseUnknown(looked)
    const decisions = decide(graph, looked, { onExisting: 'update' })
    await preflight(session, graph, decisions)
    for (const message of notes) session.stage.emit({ type: 'note', level: 'warning', message })
    if (interactive) await confirmChanges(session, { graph, looked, decisions, pruned: [] })
    const selection = { graph, selected: new Set(graph.order.map(({ id }) => id)) }
    return await carryOut(session, { flags, selection, looked, decisions, pruned: [] })
  })
}

/** What preparing may see. */
export const reading = ({ ctx, stop }: Session) => ({ ...ctx, signal: stop.signal })
