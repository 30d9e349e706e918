import type { Secret } from '../secret.ts'
import type { ServiceTarget } from './service-calls.ts'

/** A key of the gateway's API, as LiteLLM keeps it; never its value. */
export interface GatewayKey {
  readonly alias: string
  /** Models that it may call, by the names of the configuration; empty = every model. */
  readonly models: readonly string[]
  readonly status: 'active' | 'expired' | 'revoked' | 'unknown'
}

/** Where the gateway runs, and who administers it. */
export interface GatewayAccess {
  readonly service: ServiceTarget
  readonly masterKey: Secret
}

/**
 * LiteLLM's keys, through a connection to one of its pods: nothing is exposed for it.
 * Throws what `ServiceCalls` throws, and `StepError` GatewayRefused with LiteLLM's own words.
 */
export interface GatewayKeys {
  /** The key with this value, or undefined when LiteLLM knows none. Asked by its digest: the value stays out of addresses and logs. */
  find(access: GatewayAccess, value: Secret, signal?: AbortSignal): Promise<GatewayKey | undefined>
  /** A key with this value, which may call these models and nothing else. */
  create(access: GatewayAccess, key: NewKey, signal?: AbortSignal): Promise<void>
  /** The key may call these models from now on, and works. */
  update(access: GatewayAccess, key: NewKey, signal?: AbortSignal): Promise<void>
  /** Every key that LiteLLM keeps, by name. */
  list(access: GatewayAccess, signal?: AbortSignal): Promise<readonly ListedKey[]>
  /** A new key that LiteLLM makes up: its value, which nobody can ask for again. On purpose no `Secret`, whose value every output masks. */
  issue(access: GatewayAccess, order: KeyOrder, signal?: AbortSignal): Promise<string>
  /** Takes the key of this name away. */
  revoke(access: GatewayAccess, alias: string, signal?: AbortSignal): Promise<void>
}

export interface NewKey {
  readonly value: Secret
  readonly alias: string
  readonly models: readonly string[]
}

/** What a key may do. Absent = no such limit. */
interface KeyLimits {
  /** US dollars. */
  readonly maxBudget?: number
  /** After which the budget starts anew, e.g. `30d`. */
  readonly budgetPeriod?: string
  readonly requestsPerMinute?: number
  readonly tokensPerMinute?: number
}

export interface KeyOrder extends KeyLimits {
  readonly alias: string
  /** Empty = every model. */
  readonly models: readonly string[]
  /** For how long it works, e.g. `90d`; absent = until it is revoked. */
  readonly lifetime?: string
}

export interface ListedKey extends GatewayKey, KeyLimits {
  /** US dollars, so far in its period. */
  readonly spend: number
  /** ISO 8601. */
  readonly createdAt?: string
  readonly expiresAt?: string
}
