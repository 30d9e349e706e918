import { findConsumers } from '../../../steps/rotation/consumers.ts'
import { placesOf } from '../../../steps/rotation/places.ts'
import { syncStep } from '../../../steps/rotation.ts'
import { decide } from '../../engine/decide.ts'
import { buildGraph } from '../../engine/graph.ts'
import type { SecretsFlags } from '../flags.ts'
import type { Host } from '../host.ts'
import { carryOut } from '../run/carry-out.ts'
import { confirmChanges, writes } from '../run/confirm-changes.ts'
import { refuseUnknown, withSession } from '../run/session.ts'
import { refuseUnasked, secretsSession } from './change.ts'
import { lookAtSecrets, secretNamed } from './logical.ts'

/** `llmgw secrets sync [NAME…]`: brings current values into the cluster now; restarts nothing. @returns exit code */
export async function sync(names: readonly string[], flags: SecretsFlags, host: Host): Promise<number> {
  refuseUnasked(flags, host)
  return await withSession(secretsSession(['sync', ...names].join(' '), flags, host), async (session) => {
    const all = await lookAtSecrets(session)
    const chosen = names.length === 0 ? all.map(({ name }) => name) : names.map((name) => secretNamed(all, name).name)
    const graph = buildGraph([syncStep(chosen)])
    const looked = await session.look(graph, { diff: false })
    refuseUnknown(looked)
    const selected = new Set(graph.order.map(({ id }) => id))
    const decisions = decide(graph, looked, { onExisting: 'update', selected })
    if (!flags.yes) await confirmChanges(session, { graph, looked, decisions, pruned: [] })
    const settings = { ...flags, deep: false, concurrency: 1, failFast: false }
    const exitCode = await carryOut(session, {
      flags: settings,
      selection: { graph, selected },
      looked,
      decisions,
      pruned: [],
    })
    if (writes(decisions) && exitCode === 0) {
      const places = placesOf(session.ctx.config, chosen)
      const consumers = await findConsumers({ ...session.ctx, signal: session.stop.signal }, places)
      if (consumers.length > 0)
        session.print(
          'pods keep what they started with; which ones: llmgw secrets status, restart: llmgw secrets rotate',
        )
    }
    return exitCode
  })
}
