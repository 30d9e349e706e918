import { writeFile } from 'node:fs/promises'
import { resolve } from 'node:path'
import { encryptTo } from '../../adapters/age/age.ts'
import { showText } from '../../config/show.ts'
import { UsageError } from '../../errors.ts'
import { Secret } from '../../secret.ts'
import type { SecretsExportFlags } from '../flags.ts'
import type { Host } from '../host.ts'
import { renderError } from '../render-error.ts'
import { type Session, withSession } from '../run/session.ts'
import type { Backup } from './backup.ts'
import { lookAtSecrets } from './logical.ts'

/** `llmgw secrets export`: every current value, encrypted to age recipients. @returns exit code */
export async function exportSecrets(flags: SecretsExportFlags, host: Host): Promise<number> {
  const request = { command: 'secrets export', flags: { ...flags, deep: false }, host }
  return await withSession(request, async (session) => {
    const backup = await collect(session)
    const encrypted = await encryptTo(flags.recipient, new Secret(JSON.stringify(backup)))
    await session.stage.close()
    if (flags.out === undefined) host.stdout.write(`${encrypted}\n`)
    else await write(host.cwd, flags, `${encrypted}\n`)
    if (flags.out !== undefined)
      session.print(
        `${Object.keys(backup.secrets).length} values, encrypted to ${flags.recipient.length} recipients: ${flags.out}`,
      )
    return 0
  })
}

async function collect(session: Session): Promise<Backup> {
  const { ctx, stop, world } = session
  const all = await lookAtSecrets(session)
  const values = await Promise.all(
    all.map(async ({ name, remote, meta }) => {
      if (meta === undefined || meta.deletedAt !== undefined) return []
      const found = await ctx.secretsManager.value(remote, stop.signal)
      return found === undefined
        ? []
        : [[name, { remote, versionId: found.versionId, value: found.value.reveal() }] as const]
    }),
  )
  const found = values.flat()
  const lacking = all.filter(({ name }) => !found.some(([known]) => known === name)).map(({ name }) => name)
  if (lacking.length > 0) {
    const message = `left out, without a value that can be read: ${lacking.join(', ')}`
    session.stage.emit({ type: 'note', level: 'warning', message })
  }
  return {
    kind: 'llmgw/secrets',
    version: 1,
    deployment: ctx.config.deployment,
    accountId: ctx.target.accountId,
    region: ctx.target.region,
    createdAt: new Date(world.clock.now()).toISOString(),
    secrets: Object.fromEntries(found),
  }
}

async function write(cwd: string, { out = '', force }: SecretsExportFlags, text: string): Promise<void> {
  try {
    await writeFile(resolve(cwd, out), text, { mode: 0o600, flag: force ? 'w' : 'wx' })
  } catch (error) {
    throw new UsageError('BackupUnwritable', `the export was not written to ${showText(out)}`, {
      cause: renderError(error, { debug: false }).message,
      hint: 'name a file that is not there yet, in a folder that may be written to; --force overwrites',
    })
  }
}
