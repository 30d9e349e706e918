import type { Services } from '../../src/ports/index.ts'

/** Why this configuration has no NetworkPolicies, or undefined. */
export function offReason({ config }: Pick<Services, 'config'>): string | undefined {
  return config.networkPolicies.enabled ? undefined : 'networkPolicies.enabled is false'
}
