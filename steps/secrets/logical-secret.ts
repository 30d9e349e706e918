import type { Config } from '../../src/config/schema.ts'
import type { SecretMeta, Services, StepContext } from '../../src/ports/index.ts'
import { type Layout, remoteName } from '../names.ts'

export type SecretItem = Config['secrets']['items'][string]

/** A secret of the configuration, next to what Secrets Manager knows of it. */
export interface LogicalSecret {
  /** Name that consumers use. */
  readonly name: string
  readonly item: SecretItem
  /** Name in Secrets Manager, with `#key` behind it in a bundle. */
  readonly remote: string
  readonly meta: SecretMeta | undefined
}

/** Version that consumers get; undefined for a container without a value. */
export function currentVersion(meta: SecretMeta): string | undefined {
  return Object.entries(meta.versions).find(([, labels]) => labels.includes('AWSCURRENT'))?.[0]
}

/** How changes and messages name it. */
export const secretTarget = (remote: string) => `secret ${remote}`

/** All secrets of the configuration, described in parallel; no value is read. */
export async function describeSecrets(
  ctx: Services & Pick<StepContext, 'signal'>,
  layout?: Layout,
): Promise<readonly LogicalSecret[]> {
  return await Promise.all(
    Object.entries(ctx.config.secrets.items).map(async ([name, item]) => {
      const remote = remoteName(ctx.config, name, layout)
      return { name, item, remote, meta: await ctx.secretsManager.describe(remote, ctx.signal) }
    }),
  )
}
