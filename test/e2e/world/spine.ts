/**
 * Configuration of most tests: what everything else stands on. Components that hang on it are turned off here and are
 * tested once, by the files that deploy all of the platform: every other file would pay for them again.
 */
export const SPINE: Readonly<Record<string, unknown>> = {
  preset: 'platform',
  storage: { manage: 'create' },
  tracing: { kind: 'none' },
}

/** Helm releases of it. */
export const SPINE_RELEASES = ['external-secrets', 'redis']
