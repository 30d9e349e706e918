import { masterKeyInCluster } from '../../../steps/litellm/master-key.ts'
import { gatewayTarget } from '../../../steps/litellm/service.ts'
import { KEY_NAMES, KEY_SECRET } from '../../../steps/openwebui/key-names.ts'
import { ConfigError, UsageError } from '../../errors.ts'
import type { GatewayAccess, ListedKey } from '../../ports/index.ts'
import type { Session } from '../run/session.ts'

/**
 * The gateway and its administrator's key, where it can keep keys.
 * @throws ConfigError KeysNeedDatabase
 */
export async function keeper({ ctx, stop }: Session): Promise<GatewayAccess> {
  const { config } = ctx
  if (config.database.kind === 'none') {
    throw new ConfigError('KeysNeedDatabase', 'database.kind is none: LiteLLM keeps keys in its database alone', {
      hint: 'set database.kind to external, give litellm-database-url, and deploy litellm',
    })
  }
  return { service: gatewayTarget(config), masterKey: await masterKeyInCluster({ ...ctx, signal: stop.signal }) }
}

/** Keys with a name. LiteLLM's own interface can make some without. */
export const named = (keys: readonly ListedKey[], name: string): ListedKey | undefined =>
  keys.find(({ alias }) => alias === name)

/** It follows the configuration: a deploy would bring it back. @throws UsageError KeyManaged */
export function refuseOurs(name: string): void {
  if (!KEY_NAMES.includes(name)) return
  throw new UsageError('KeyManaged', `${name} is the key of the chat interface, which deploy makes and mends`, {
    hint: `for another value: llmgw secrets rotate ${KEY_SECRET}`,
  })
}
