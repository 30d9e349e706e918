import { type SecretReport, secretReports } from '../../../steps/rotation/report.ts'
import { renderSecrets } from '../../ui/secrets-table.ts'
import type { GlobalFlags } from '../flags.ts'
import type { Host } from '../host.ts'
import { withSession } from '../run/session.ts'
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
    const shown = names.length === 0 ? reports : reports.filter(({ name }) => names.includes(name))
    await session.stage.close()
    session.print(renderSecrets(shown, session.style))
    session.printJson({ command, target: session.guarded.target, secrets: shown })
    return flags.exitCode && !shown.every(isFine) ? DIFFERENCES : 0
  })
}

const isFine = ({ state, rotating, copies, pods }: SecretReport): boolean =>
  state === 'ok' && !rotating && copies.every((copy) => copy.state === 'current') && pods.old.length === 0
