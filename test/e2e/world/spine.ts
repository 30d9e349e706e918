import { configSchema } from '../../../src/config/schema.ts'

/** What hangs on the spine, turned off. */
const OFF: Readonly<Record<string, unknown>> = {
  monitoring: { kind: 'none' },
  networkPolicies: { enabled: false },
  policies: { kind: 'none' },
  tracing: { kind: 'none' },
  ui: { kind: 'none' },
}

/**
 * Configuration of most tests: what everything else stands on. Components that hang on it are turned off here and are
 * tested once, by the files that deploy all of the platform: every other file would pay for them again.
 */
export const SPINE: Readonly<Record<string, unknown>> = {
  preset: 'platform',
  storage: { manage: 'create' },
  ...Object.fromEntries(Object.entries(OFF).filter(([section]) => section in configSchema.shape)),
}

/** Helm releases of it. */
export const SPINE_RELEASES = ['external-secrets', 'litellm', 'redis']

/** Remote secrets of it. */
export const SPINE_SECRETS = [
  'litellm/master-key',
  'litellm/salt-key',
  'litellm/database-url',
  'litellm/redis-password',
]
