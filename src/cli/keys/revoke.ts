import { UsageError } from '../../errors.ts'
import { confirmTyped } from '../../ui/prompts.ts'
import type { KeysRevokeFlags } from '../flags.ts'
import type { Host } from '../host.ts'
import { promptContext } from '../run/questions.ts'
import { withSession } from '../run/session.ts'
import { keeper, named, refuseOurs } from './keeper.ts'

/** `llmgw keys revoke NAME`: whoever holds it is refused from then on. @returns exit code */
export async function revokeKey(name: string, flags: KeysRevokeFlags, host: Host): Promise<number> {
  refuseOurs(name)
  if (!flags.yes && host.stdin.isTTY !== true) {
    throw new UsageError('NoTerminal', 'this is no terminal, so nobody can be asked', { hint: 'add --yes' })
  }
  const command = `keys revoke ${name}`
  return await withSession({ command, flags: { ...flags, deep: false }, host }, async (session) => {
    const access = await keeper(session)
    const { gatewayKeys } = session.ctx
    const keys = await gatewayKeys.list(access, session.stop.signal)
    if (named(keys, name) === undefined) {
      throw new UsageError('KeyUnknown', `there is no key ${name}`, { hint: 'llmgw keys list' })
    }
    if (!flags.yes) {
      const message = `Whoever calls with ${name} is refused from now on.`
      await confirmTyped({ message, expected: name }, promptContext(session))
    }
    await gatewayKeys.revoke(access, name, session.stop.signal)
    await session.stage.close()
    session.print(`key ${name} is revoked`)
    session.printJson({ command, ok: true, exitCode: 0, revoked: name })
    return 0
  })
}
