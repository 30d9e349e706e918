import type { SecretMeta, Services, StepContext } from '../../src/ports/index.ts'
import { parseAddress } from '../../src/ports/secret-address.ts'
import { ownerOf } from '../ownership.ts'
import { type LogicalSecret, secretTarget } from './logical-secret.ts'

/** The longest that AWS offers: a lost salt key is lost data. Source: Secrets Manager API reference, DeleteSecret. */
export const RECOVERY_DAYS = 30

/** A secret in AWS with what it holds of ours. */
interface Whole {
  readonly name: string
  readonly meta: SecretMeta
  readonly held: readonly LogicalSecret[]
  /** Keys of others in its JSON. */
  readonly foreign: readonly string[]
}

function wholes(secrets: readonly LogicalSecret[]): readonly Whole[] {
  const names = [...new Set(secrets.map(({ remote }) => parseAddress(remote).secret))]
  return names.flatMap((name) => {
    const held = secrets.filter(({ remote, meta }) => meta && parseAddress(remote).secret === name)
    const meta = held[0]?.meta
    const keys = new Set(held.map(({ remote }) => parseAddress(remote).key))
    const foreign = [...new Set(held.flatMap((one) => one.meta?.foreignKeys ?? []))].filter((key) => !keys.has(key))
    return meta === undefined ? [] : [{ name, meta, held, foreign }]
  })
}

/** Names of what {@link removeSecrets} would schedule. */
export function removable({ config }: Pick<Services, 'config'>, secrets: readonly LogicalSecret[]): readonly string[] {
  return wholes(secrets).flatMap(({ name, meta, foreign }) => {
    const goes = ownerOf(meta.tags) === config.deployment && foreign.length === 0 && meta.deletedAt === undefined
    return goes ? [name] : []
  })
}

/** Deletes the secrets of this deployment; what others keep in the same JSON stays, and so does what only they own. */
export async function removeSecrets(
  ctx: StepContext,
  secrets: readonly LogicalSecret[],
  how: 'schedule' | 'purge',
): Promise<void> {
  for (const whole of wholes(secrets)) {
    const { name, meta, foreign } = whole
    const owner = ownerOf(meta.tags)
    if (owner !== ctx.config.deployment) ctx.report(`${secretTarget(name)} is left: its owner is ${owner ?? 'nobody'}`)
    else if (foreign.length > 0) await removeKeys(ctx, whole, how)
    else if (how === 'purge') await ctx.secretsManager.purge(name, ctx.signal)
    else if (meta.deletedAt === undefined) {
      await ctx.secretsManager.scheduleDeletion(name, RECOVERY_DAYS, ctx.signal)
    }
  }
}

/** A key has no recovery window of its own, so it goes for good or not at all. */
async function removeKeys(ctx: StepContext, { name, held, foreign }: Whole, how: 'schedule' | 'purge'): Promise<void> {
  const others = `it also holds what is not ours: ${foreign.join(', ')}`
  if (how === 'schedule') return ctx.report(`${secretTarget(name)} is left: ${others}`)
  for (const { remote } of held) await ctx.secretsManager.purge(remote, ctx.signal)
  ctx.report(`${secretTarget(name)} is left without our keys: ${others}`)
}
