import type { Config } from '../src/config/schema.ts'
import type { Target } from '../src/ports/index.ts'

/**
 * ARN patterns of the secrets that Kubernetes Secrets are made from, sorted, no other. AWS ends each ARN with a hyphen and
 * six characters of its own; six question marks match these and no longer name.
 * Source: Secrets Manager user guide, "Permissions policy examples", wildcard `-??????`.
 */
export function secretArns(config: Config, target: Target): readonly string[] {
  const { items, prefix, synced } = config.secrets
  const base = `arn:${target.partition}:secretsmanager:${target.region}:${target.accountId}:secret:`
  const arns = synced.flatMap(({ keys }) =>
    Object.values(keys).map((logical) => {
      const item = items[logical]
      if (!item) throw new Error(`no secret ${logical} in secrets.items, although secrets.synced names it`)
      return `${base}${prefix}${item.remote}-??????`
    }),
  )
  return [...new Set(arns)].sort()
}
