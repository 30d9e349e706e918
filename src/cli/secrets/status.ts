import { type SecretReport, secretReports } from '../../../steps/rotation/report.ts'
import { unusedSecrets } from '../../../steps/secrets/unused.ts'
import { causeOf } from '../../engine/cause.ts'
import { renderSecrets } from '../../ui/secrets-table.ts'
import type { GlobalFlags } from '../flags.ts'
import type { Host } from '../host.ts'
import { type Session, withSession } from '../run/session.ts'
import { lookAtSecrets, secretNamed } from './logical.ts'

const DIFFERENCES = 4

/** `llmgw secrets status [NAME…]`: each secret in AWS, in the cluster and in the pods that read it. @returns exit code */
export async function status(
  names: readonly string[],
  flags: GlobalFlags & { readonly exitCode: boolean },
  host: Host,
): Promise<number> {
  const command = ['secrets status', ...names].join(' ')
  return await withSession({ command, flags: { ...flags, deep: false }, host }, async (session) => {
    const all = await lookAtSecrets(session)
    for (const name of names) secretNamed(all, name)
    const reports = await secretReports({ ...session.ctx, signal: session.stop.signal })
    const unused = names.length === 0 ? await lookForUnused(session) : []
    const shown = names.length === 0 ? reports : reports.filter(({ name }) => names.includes(name))
    await session.stage.close()
    session.print(renderSecrets(shown, session.style, unused))
    session.printJson({ command, target: session.guarded.target, secrets: shown, unused })
    return flags.exitCode && !shown.every(isFine) ? DIFFERENCES : 0
  })
}

/** Ours, and of no use to this configuration; a warning where that cannot be seen, for it is no trouble of a secret. */
async function lookForUnused({ ctx, stop, stage }: Session): Promise<readonly string[]> {
  try {
    return await unusedSecrets({ ...ctx, signal: stop.signal })
  } catch (error) {
    if (stop.signal.aborted) throw error
    const message = `could not look for secrets that are no longer used: ${causeOf(error).message}`
    stage.emit({ type: 'note', level: 'warning', message })
    return []
  }
}

const isFine = ({ state, rotating, copies, pods }: SecretReport): boolean =>
  state === 'ok' && !rotating && copies.every((copy) => copy.state === 'current') && pods.old.length === 0
