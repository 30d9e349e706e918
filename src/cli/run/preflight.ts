import { neededAccess, SPEAK_TLS } from '../../../steps/doctor/kube-access.ts'
import { judgeAccess } from '../../../steps/doctor/permissions.ts'
import { storageClass } from '../../../steps/doctor/storage-class.ts'
import { isReleaseStep } from '../../../steps/helm-release.ts'
import { seeCertificate } from '../../../steps/redis/certificate.ts'
import { switchFault } from '../../../steps/redis/switch.ts'
import { tlsSecret } from '../../../steps/redis/tls.ts'
import type { Decisions } from '../../engine/decide.ts'
import type { Graph } from '../../engine/graph.ts'
import { PreflightError } from '../../errors.ts'
import type { Services } from '../../ports/index.ts'
import { clockFinding } from '../doctor/machine.ts'
import { writes } from './confirm-changes.ts'
import type { Session } from './session.ts'
import { warnOfSessionEnd } from './session-end.ts'

/**
 * The part of `doctor` that a run needs before it changes something; a run that changes nothing pays nothing, an
 * administrator's one round trip.
 * @throws PreflightError that names what is not allowed or which tool is lacking, so that no deployment is left half done
 */
export async function preflight(session: Session, graph: Graph<Services>, decisions: Decisions): Promise<void> {
  if (!writes(decisions)) return
  await warnOfSessionEnd(session)
  const { ctx, guarded, stage, stop } = session
  const clock = clockFinding(guarded.caller.skewMs)
  if (clock.result === 'warn' || clock.result === 'fail')
    stage.emit({ type: 'note', level: 'warning', message: `this machine is ${clock.evidence}: ${clock.fix}` })
  const changed = graph.order.filter(({ id }) => decisions.get(id)?.decision === 'apply')
  const needed = neededAccess(ctx.config, [...new Set(changed.map(({ component }) => component))])
  const { result, evidence, fix } = await judgeAccess(ctx.kube, needed, stop.signal)
  if (result === 'fail') throw new PreflightError('NotAllowed', `this run is ${evidence}`, { hint: fix })
  if (changed.some(makesVolumes)) await refuseWithoutStorageClass(session)
  if (changed.some(({ component }) => SPEAK_TLS.has(component))) await refuseBadCertificate(session)
  if (changed.some(({ component }) => component === 'redis')) await refuseSwitch(session)
  // Before the first write, not at the first release: secrets and roles would be there already.
  if (changed.some(isReleaseStep)) await session.world.helmTool()
}

/** Components of which pods keep something on a volume. */
const ON_VOLUMES: ReadonlySet<string> = new Set(['redis', 'monitoring', 'openwebui'])
const makesVolumes = ({ component }: { readonly component: string }): boolean => ON_VOLUMES.has(component)

/** Without a class, and without the right to make one, pods would wait for their volumes for ever. */
async function refuseWithoutStorageClass({ ctx, stop }: Session): Promise<void> {
  if (ctx.config.storage.manage !== 'off') return
  const { result, evidence, fix } = await storageClass.run({ ...ctx, signal: stop.signal })
  if (result !== 'fail') return
  throw new PreflightError('NoStorageClass', `volumes would not be made: default StorageClass: ${evidence}`, {
    hint: fix,
  })
}

/** Without one that holds, Redis would not start, or nobody would trust it. */
async function refuseBadCertificate({ ctx, stop }: Session): Promise<void> {
  const secret = tlsSecret(ctx.config)
  if (secret === undefined) return
  const { faults } = await seeCertificate({ ...ctx, signal: stop.signal }, secret)
  const [first, ...others] = faults
  if (first === undefined) return
  throw new PreflightError(first.code, first.message, {
    hint: first.hint,
    ...(others.length > 0 && { cause: others.map(({ message }) => message) }),
  })
}

/** A rollout that never ends. */
async function refuseSwitch({ ctx, stop }: Session): Promise<void> {
  const fault = await switchFault({ ...ctx, signal: stop.signal })
  if (fault) throw new PreflightError(fault.code, fault.message, { hint: fault.hint })
}
