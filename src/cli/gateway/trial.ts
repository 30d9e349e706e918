import { CannotAsk } from '../../../steps/verify/silent.ts'
import type { Config } from '../../config/schema.ts'
import type { Secret } from '../../secret.ts'
import type { GatewayClient } from './client.ts'

/** One thing that was tried against the running gateway. */
export interface Trial {
  readonly group: 'health' | 'auth' | 'models' | 'guardrails' | 'platform'
  readonly title: string
  readonly result: 'pass' | 'warn' | 'fail' | 'skip'
  /** What was found, and what was expected where it differs. */
  readonly found: string
}

/** A model, by the name that clients ask for. */
export interface TriedModel {
  readonly name: string
  readonly embeds: boolean
}

export interface TrialRequest {
  readonly client: GatewayClient
  readonly key: Secret
  readonly models: readonly TriedModel[]
  readonly guardrails: Config['guardrails']
  /** One that nobody signed, where tokens are taken. */
  readonly forgedToken?: Secret | undefined
  /** Also ask for a stream. */
  readonly stream: boolean
}

/** What is asked of the gateway itself; the platform around it has checks. */
export type Group = Exclude<Trial['group'], 'platform'>

/** Tries it, and keeps how that ended. Never throws. */
export async function attempt(group: Group, title: string, action: () => Promise<string>): Promise<Trial> {
  try {
    return { group, title, result: 'pass', found: await action() }
  } catch (error) {
    if (error instanceof CannotAsk) return { group, title, result: 'skip', found: error.message }
    const { message, cause } = error instanceof Error ? error : { message: String(error), cause: undefined }
    const why = cause instanceof Error ? cause.message : cause
    return { group, title, result: 'fail', found: why === undefined ? message : `${message}: ${String(why)}` }
  }
}
