import type { Config } from '../src/config/schema.ts'
import type { Target } from '../src/ports/index.ts'
import { type Layout, remoteSecrets } from './names.ts'

/**
 * ARN patterns of the secrets that Kubernetes Secrets are made from, sorted, no other. AWS ends each ARN with a hyphen and
 * six characters of its own; six question marks match these and no longer name.
 * Source: Secrets Manager user guide, "Permissions policy examples", wildcard `-??????`.
 */
export function secretArns(config: Config, target: Target, layout?: Layout): readonly string[] {
  const logical = config.secrets.synced.flatMap(({ keys }) => Object.values(keys))
  return arnsOf(target, remoteSecrets(config, logical, layout))
}

/** ARN patterns of secrets by name, sorted. */
export function arnsOf({ partition, region, accountId }: Target, names: readonly string[]): readonly string[] {
  const base = `arn:${partition}:secretsmanager:${region}:${accountId}:secret:`
  return [...new Set(names)].sort().map((name) => `${base}${name}-??????`)
}
