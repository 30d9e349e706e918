import type { ComponentName } from '../config/schema.ts'
import type { Secret } from '../secret.ts'

/** A port of a Service in the cluster. */
export interface ServiceTarget {
  readonly namespace: string
  readonly name: string
  readonly port: number
  /** Whose commands help when it does not answer. */
  readonly component: ComponentName
}

/** One HTTP call. */
export interface HttpAsk {
  readonly path: string
  /** Sent as JSON; absent = GET. */
  readonly body?: object
  /** Sent as a bearer token; absent = without one. */
  readonly key?: Secret
}

export interface HttpAnswer {
  readonly status: number
  readonly text: string
  /** Names in lower case. */
  readonly headers: Readonly<Record<string, string | readonly string[] | undefined>>
}

/**
 * HTTP to what runs in the cluster, through a connection to a ready pod behind a Service: nothing is exposed for it.
 * Redirects are not followed. Throws `StepError` ServiceNotThere, ServiceNotReady, ServiceUnreachable, and PodSimulated
 * where a sandbox has nobody to answer.
 */
export interface ServiceCalls {
  call(service: ServiceTarget, ask: HttpAsk, signal?: AbortSignal): Promise<HttpAnswer>
}
