import { showText } from '../../config/show.ts'
import { Secret } from '../../secret.ts'
import type { SecretsFlags } from '../flags.ts'
import type { Host } from '../host.ts'
import { readAssignments } from '../provided-values.ts'
import { withSession } from '../run/session.ts'
import { type Brought, bringIn } from './bring-in.ts'
import { refuseUnasked, secretsSession } from './change.ts'
import { lookAtSecrets } from './logical.ts'

/** `llmgw secrets import FILE`: values of a `.env` file, read as data. @returns exit code */
export async function importFile(file: string, flags: SecretsFlags, host: Host): Promise<number> {
  refuseUnasked(flags, host)
  const warn = (line: string) => void host.stderr.write(`${line}\n`)
  const assignments = await readAssignments(host.cwd, file, warn)
  // The last one of a name holds, as in a shell.
  const values = new Map(assignments.map(({ name, value }) => [logicalName(name), new Secret(value)]))
  return await withSession(secretsSession(`import ${file}`, flags, host), async (session) => {
    const all = await lookAtSecrets(session)
    const brought = all.flatMap((secret): Brought[] => {
      const value = values.get(secret.name)
      return value === undefined || value.reveal() === '' ? [] : [{ secret, value }]
    })
    const known = new Set(all.map(({ name }) => name))
    const unknown = [...values.keys()].filter((name) => !known.has(name)).map(showText)
    return await bringIn(session, flags, { brought, unknown })
  })
}

/** `LLMGW_SECRET_REDIS_PASSWORD`, `REDIS_PASSWORD` and `redis-password` are one. */
function logicalName(name: string): string {
  return name
    .replace(/^LLMGW_SECRET_/, '')
    .toLowerCase()
    .replaceAll('_', '-')
}
