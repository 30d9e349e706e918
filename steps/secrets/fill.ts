import type { NewSecret, StepContext } from '../../src/ports/index.ts'
import type { Secret } from '../../src/secret.ts'
import { ownTags } from '../ownership.ts'
import type { LogicalSecret } from './logical-secret.ts'

/** A secret that has no value, and the one that it gets. */
export interface FirstValue {
  readonly secret: Pick<LogicalSecret, 'item' | 'remote' | 'meta'>
  readonly value: Secret
  /** Id of the version; a random one unless given. */
  readonly versionId?: string
}

/** Gives secrets that have none their first values, in this order; makes them where they are not there. */
export async function fillSecrets(ctx: StepContext, values: readonly FirstValue[]): Promise<void> {
  const absent = values.filter(({ secret }) => secret.meta === undefined)
  await ctx.secretsManager.createAll(
    absent.map((one) => newSecret(ctx, one)),
    ctx.signal,
  )
  for (const { secret, value } of values) {
    if (secret.meta !== undefined) await ctx.secretsManager.putFirstValue(secret.remote, value, ctx.signal)
  }
}

function newSecret(ctx: StepContext, { secret: { item, remote }, value, versionId }: FirstValue): NewSecret {
  const { kmsKeyArn } = ctx.config.secrets
  return {
    name: remote,
    value,
    description: item.description,
    tags: ownTags(ctx),
    token: versionId ?? ctx.random.hex(16),
    ...(kmsKeyArn && { kmsKeyId: kmsKeyArn }),
  }
}
