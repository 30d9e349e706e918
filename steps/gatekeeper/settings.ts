import type { Config } from '../../src/config/schema.ts'

/** What the configuration says about policies, where it wants any. */
export type PolicySettings = Extract<Config['policies'], { kind: 'gatekeeper' }>

/** Why this configuration has no policies; undefined where it has. */
export function policiesOff({ policies }: Config): string | undefined {
  return policies.kind === 'gatekeeper' ? undefined : `policies.kind is ${policies.kind}`
}

/** @throws Error where the configuration wants none: no step asks then */
export function policySettings({ policies }: Config): PolicySettings {
  if (policies.kind !== 'gatekeeper') throw new Error(`policies.kind is ${policies.kind}: their steps are off`)
  return policies
}
