import { firstValue } from '../../../steps/rotation/first-value.ts'
import { lacksValue } from '../../../steps/secrets/examine.ts'
import { UsageError } from '../../errors.ts'
import type { LlmgwStep } from '../../ports/index.ts'
import type { SecretsFlags } from '../flags.ts'
import type { Host } from '../host.ts'
import { withSession } from '../run/session.ts'
import { changeSecrets, refuseUnasked, secretsSession } from './change.ts'
import { lookAtSecrets, rotated, secretNamed } from './logical.ts'

/** `llmgw secrets generate [NAME…]`: random values where there are none; what exists is never changed. @returns exit code */
export async function generate(names: readonly string[], flags: SecretsFlags, host: Host): Promise<number> {
  refuseUnasked(flags, host)
  return await withSession(secretsSession(['generate', ...names].join(' '), flags, host), async (session) => {
    const all = await lookAtSecrets(session)
    const named = names.map((name) => secretNamed(all, name))
    const provided = named.filter(({ item }) => item.class === 'provided')
    if (provided.length > 0)
      throw new UsageError('SecretProvided', `only you know ${provided.map(({ name }) => name).join(', ')}`, {
        hint: `give it: llmgw secrets set ${provided[0]?.name}`,
      })
    const chosen = names.length === 0 ? all.filter(({ item }) => item.class !== 'provided') : named
    const lacking = chosen.filter(lacksValue)
    const first = lacking.map((secret) => firstValue({ ...rotated(secret), given: false }) as LlmgwStep<unknown>)
    if (first.length > 0) return await changeSecrets(session, flags, { first, rotated: [] })
    session.print('every one of them has a value; nothing was changed')
    session.printJson({ command: session.request.command, ok: true, exitCode: 0, changed: false })
    return 0
  })
}
