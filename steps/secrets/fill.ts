import type { StepContext } from '../../src/ports/index.ts'
import type { Secret } from '../../src/secret.ts'
import { ownTags } from '../ownership.ts'
import type { LogicalSecret } from './logical-secret.ts'

/** Gives a secret that has none its first value; makes it where it is not there. */
export async function fillSecret(
  ctx: StepContext,
  { item, remote, meta }: Pick<LogicalSecret, 'item' | 'remote' | 'meta'>,
  value: Secret,
): Promise<void> {
  if (meta) {
    await ctx.secretsManager.putFirstValue(remote, value, ctx.signal)
    return
  }
  const { kmsKeyArn } = ctx.config.secrets
  const token = ctx.random.hex(16)
  await ctx.secretsManager.create(
    {
      name: remote,
      value,
      description: item.description,
      tags: ownTags(ctx),
      token,
      ...(kmsKeyArn && { kmsKeyId: kmsKeyArn }),
    },
    ctx.signal,
  )
}
