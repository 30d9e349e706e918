import type { GatewayAccess, ListedKey, Services, StepContext } from '../../src/ports/index.ts'

/** Logical name of the secret that holds its value: the one secret that LiteLLM keeps in its database, too. */
export const KEY_SECRET = 'openwebui-litellm-key'

/**
 * What Open WebUI's key is called in LiteLLM's lists: LiteLLM takes a name once, and while its value is replaced there are
 * two keys. They take turns. Source: LiteLLM 1.104, _enforce_unique_key_alias.
 */
export const KEY_NAMES: readonly string[] = ['open-webui', 'open-webui-2']

type Looking = Services & Pick<StepContext, 'signal'>

/** Open WebUI's keys, the oldest first. */
export async function keysOfOurs(ctx: Looking, access: GatewayAccess): Promise<readonly ListedKey[]> {
  const all = await ctx.gatewayKeys.list(access, ctx.signal)
  const age = ({ createdAt = '' }: ListedKey) => createdAt
  return all.filter(({ alias }) => KEY_NAMES.includes(alias)).sort((a, b) => age(a).localeCompare(age(b)))
}

/** A name for a new value. Of two values before it, the older one is no longer used: it goes. */
export async function freeName(ctx: Looking, access: GatewayAccess): Promise<string> {
  const taken = await keysOfOurs(ctx, access)
  const free = KEY_NAMES.find((name) => taken.every(({ alias }) => alias !== name))
  if (free !== undefined) return free
  const oldest = taken[0]?.alias ?? ''
  await ctx.gatewayKeys.revoke(access, oldest, ctx.signal)
  return oldest
}
