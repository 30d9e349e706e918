import type { ListedKey } from '../../ports/index.ts'
import type { KeysFlags } from '../flags.ts'
import type { Host } from '../host.ts'
import { withSession } from '../run/session.ts'
import { keeper } from './keeper.ts'

/** `llmgw keys list`: every key of the gateway, without a value. @returns exit code */
export async function listKeys(flags: KeysFlags, host: Host): Promise<number> {
  const command = 'keys list'
  return await withSession({ command, flags: { ...flags, deep: false }, host }, async (session) => {
    const keys = await session.ctx.gatewayKeys.list(await keeper(session), session.stop.signal)
    await session.stage.close()
    session.print(keys.length === 0 ? 'LiteLLM keeps no keys' : keys.map(textOf).join('\n'))
    session.printJson({ command, ok: true, exitCode: 0, keys })
    return 0
  })
}

function textOf(key: ListedKey): string {
  const { alias, status, models, spend, maxBudget, budgetPeriod, requestsPerMinute, tokensPerMinute } = key
  const spent = `spent $${spend.toFixed(4)}${maxBudget === undefined ? '' : ` of $${maxBudget}`}`
  const told = [
    models.join(', ') || 'every model',
    `${spent}${budgetPeriod ? ` every ${budgetPeriod}` : ''}`,
    ...(requestsPerMinute === undefined ? [] : [`${requestsPerMinute} requests a minute`]),
    ...(tokensPerMinute === undefined ? [] : [`${tokensPerMinute} tokens a minute`]),
    ...(key.expiresAt === undefined ? [] : [`until ${key.expiresAt}`]),
  ]
  return `${alias || '(without a name)'}  ${status}\n  ${told.join('; ')}`
}
