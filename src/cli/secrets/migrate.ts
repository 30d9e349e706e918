import { refOf } from '../../../steps/desired.ts'
import { syncedObjects } from '../../../steps/external-secrets/synced-objects.ts'
import { moveValues } from '../../../steps/migration/move-values.ts'
import { migrationSteps } from '../../../steps/migration.ts'
import { describeSecrets } from '../../../steps/secrets/logical-secret.ts'
import { otherLayout, refusal } from '../../../steps/secrets/other-layout.ts'
import { removable } from '../../../steps/secrets/remove.ts'
import { componentStates, decide } from '../../engine/decide.ts'
import { buildGraph } from '../../engine/graph.ts'
import { UsageError } from '../../errors.ts'
import { renderPlan } from '../../ui/plan.ts'
import type { SecretsMigrateFlags } from '../flags.ts'
import type { Host } from '../host.ts'
import { carryOut } from '../run/carry-out.ts'
import { confirmChanges, writes } from '../run/confirm-changes.ts'
import { refuseUnknown, type Session, withSession } from '../run/session.ts'
import { refuseUnasked, secretsSession } from './change.ts'

/** `llmgw secrets migrate`: brings the values of the other layout into that of the configuration. @returns exit code */
export async function migrate(flags: SecretsMigrateFlags, host: Host): Promise<number> {
  refuseUnasked(flags, host)
  const command = `migrate${flags.to === undefined ? '' : ` --to ${flags.to}`}${flags.retire ? ' --retire' : ''}`
  return await withSession(secretsSession(command, flags, host), async (session) => {
    refuseOther(session, flags.to)
    const synced = await hasSyncs(session)
    const graph = buildGraph([...migrationSteps({ synced, retire: flags.retire })])
    const looked = await session.look(graph, { diff: false })
    refuseUnknown(looked)
    const seen = looked.observations.get(moveValues.id)
    if (seen?.state === 'broken') throw refusal(seen.cause)
    const selected = new Set(graph.order.map(({ id }) => id))
    const decisions = decide(graph, looked, { onExisting: 'update', selected })
    const { layout } = session.ctx.config.secrets
    if (!writes(decisions)) session.print(`every value is in layout ${layout}, and nothing reads another one`)
    else if (flags.yes)
      session.print(
        renderPlan({ components: componentStates(graph, looked), decisions, overrides: new Map() }, session.style),
      )
    else await confirmChanges(session, { graph, looked, decisions, pruned: [] })
    const exitCode = await carryOut(session, {
      flags: { ...flags, deep: false, concurrency: 1, failFast: true },
      selection: { graph, selected },
      looked,
      decisions,
      pruned: [],
    })
    if (exitCode === 0 && !flags.retire) await tellOfOld(session)
    return exitCode
  })
}

/** The file is the truth: a deploy after the migration must want what the migration made. */
function refuseOther({ ctx }: Session, to: SecretsMigrateFlags['to']): void {
  const { layout } = ctx.config.secrets
  if (to === undefined || to === layout) return
  throw new UsageError('LayoutNotConfigured', `secrets.layout is ${layout}, and the values are to go to ${to}`, {
    hint: `write it into llmgw.yaml first, secrets: { layout: ${to} }, then run the same command; a deploy in between makes and switches nothing`,
  })
}

async function hasSyncs({ ctx, stop }: Session): Promise<boolean> {
  const objects = await syncedObjects(ctx)
  const live = await Promise.all(objects.map((object) => ctx.kube.find(refOf(object), stop.signal)))
  return live.some((object) => object !== undefined)
}

/** What is left of the layout before, and how it goes. */
async function tellOfOld(session: Session): Promise<void> {
  const { ctx, stop } = session
  const layout = otherLayout(ctx.config.secrets.layout)
  const left = removable(ctx, await describeSecrets({ ...ctx, signal: stop.signal }, layout))
  if (left.length === 0) return
  session.print(
    `Left in layout ${layout}, read by nothing of this deployment: ${left.join(', ')}.\nSchedule their deletion, with a way back: llmgw secrets migrate --retire`,
  )
}
