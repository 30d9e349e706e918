import { select } from '../../engine/selection.ts'
import { renderDiagnoses, rootOf } from '../../ui/diagnosis.ts'
import type { LookFlags } from '../flags.ts'
import type { Host } from '../host.ts'
import { namedComponents } from '../run/components.ts'
import { diagnoseSteps } from '../run/diagnose.ts'
import { withSession } from '../run/session.ts'

const SICK = 1
const COULD_NOT_LOOK = 3

/** `llmgw diagnose`: why something does not work, from the symptom to the cause; changes nothing. @returns exit code */
export async function diagnose(words: readonly string[], flags: LookFlags, host: Host): Promise<number> {
  const named = namedComponents(words)
  const command = ['diagnose', ...named].join(' ')
  return await withSession({ command, flags, host, readOnly: true }, async (session) => {
    const { graph, selected } = select(session.graph, named, { withNeeds: false })
    const looked = await session.look(graph, { diff: false })
    const found = await diagnoseSteps(session, { graph, looked }, () => true)
    await session.stage.close()
    // What a named component needs is told when it is the reason, and only then.
    const own = found.filter(({ step }) => selected.has(step))
    const told = own.length > 0 || named.length === 0 ? found : []
    const [root] = told
    const missing = [...looked.observations].filter(([id, { state }]) => selected.has(id) && state === 'missing')
    session.print(
      root === undefined
        ? healthy(missing.map(([id]) => id))
        : `${renderDiagnoses(told, session.style)}\n\nit comes down to: ${rootOf(root).message}`,
    )
    session.printJson({
      command,
      target: session.guarded.target,
      healthy: told.length === 0,
      root: root === undefined ? null : rootOf(root),
      diagnoses: told,
      missing: missing.map(([id]) => id),
    })
    if (told.length === 0) return 0
    return told.every(({ state }) => state === 'unknown') ? COULD_NOT_LOOK : SICK
  })
}

function healthy(missing: readonly string[]): string {
  const rest = missing.length === 0 ? '' : `; not deployed: ${missing.join(', ')}`
  return `nothing is found that does not work${rest}`
}
