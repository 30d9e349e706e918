import { readFile } from 'node:fs/promises'
import { resolve } from 'node:path'
import { decryptWith } from '../../adapters/age/age.ts'
import { showText } from '../../config/show.ts'
import { PreflightError, UsageError } from '../../errors.ts'
import { Secret } from '../../secret.ts'
import { askHidden } from '../../ui/prompts.ts'
import type { SecretsFlags } from '../flags.ts'
import type { Host } from '../host.ts'
import { hasTerminal } from '../run/mode.ts'
import { type Session, withSession } from '../run/session.ts'
import { parseBackup } from './backup.ts'
import { type Brought, bringIn } from './bring-in.ts'
import { refuseUnasked, secretsSession } from './change.ts'
import { lookAtSecrets } from './logical.ts'

/** `llmgw secrets restore FILE`: values of an export where there are none. @returns exit code */
export async function restore(file: string, flags: SecretsFlags, host: Host): Promise<number> {
  refuseUnasked(flags, host)
  const encrypted = await readText(host.cwd, file)
  return await withSession(secretsSession(`restore ${file}`, flags, host), async (session) => {
    const backup = parseBackup((await decryptWith(await identities(session, flags), encrypted)).reveal())
    const { deployment } = session.ctx.config
    if (backup.deployment !== deployment)
      throw new PreflightError(
        'BackupElsewhere',
        `the export is of deployment "${showText(backup.deployment)}", this is "${deployment}"`,
        { hint: 'use the configuration of that deployment' },
      )
    const all = await lookAtSecrets(session)
    const brought = all.flatMap((secret): Brought[] => {
      const found = backup.secrets[secret.name]
      return found === undefined ? [] : [{ secret, value: new Secret(found.value) }]
    })
    const known = new Set(all.map(({ name }) => name))
    const unknown = Object.keys(backup.secrets)
      .filter((name) => !known.has(name))
      .map(showText)
    return await bringIn(session, flags, { brought, unknown })
  })
}

async function identities(session: Session, { identity, output }: SecretsFlags): Promise<readonly Secret[]> {
  const { host } = session.request
  if (identity !== undefined) {
    const lines = (await readText(host.cwd, identity)).split(/\r?\n/).map((line) => line.trim())
    return lines.filter((line) => line !== '' && !line.startsWith('#')).map((line) => new Secret(line))
  }
  if (!hasTerminal({ output }, host))
    throw new UsageError('IdentityMissing', 'an export is read with an identity, and nobody can type it here', {
      hint: 'name the file that age-keygen wrote: --identity key.txt',
    })
  const message = 'Identity (AGE-SECRET-KEY-1…), hidden:'
  return [await askHidden({ message }, { input: host.stdin, output: host.stdout, signal: session.stop.signal })]
}

async function readText(cwd: string, file: string): Promise<string> {
  try {
    return await readFile(resolve(cwd, file), 'utf8')
  } catch (error) {
    throw new UsageError('BackupUnreadable', `${showText(file)} cannot be read`, {
      cause: error instanceof Error ? error.message : error,
      hint: 'name a file that is there',
    })
  }
}
