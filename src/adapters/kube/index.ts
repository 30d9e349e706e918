import type { Kube } from '../../ports/kube.ts'
import { followDelays, type TellDelay } from '../delays.ts'
import { type KubeConnection, openServer } from './connection.ts'
import { createKube } from './kube.ts'
import type { Environment } from './proxy.ts'
import { createRest, type RetryPolicy } from './rest.ts'

export type { KubeConnection } from './connection.ts'
export { createReadiness } from './readiness/index.ts'

/**
 * The API server as a `Kube` port. Makes no call; open connections never keep the process alive.
 * @param options.onDelay told why a call is still being tried; nobody is unless given
 * @param options.environment where `HTTPS_PROXY` and `NO_PROXY` are looked up; loopback is never proxied
 * @throws PreflightError when the kubeconfig or its context cannot be used
 */
export async function connectKube(
  connection: KubeConnection,
  options: {
    readonly environment?: Environment
    readonly retry?: RetryPolicy
    readonly fieldManager?: string
    readonly onDelay?: TellDelay
  } = {},
): Promise<Kube> {
  const server = await openServer(connection, options.environment ?? {})
  const follow = options.onDelay && followDelays(options.onDelay)
  return createKube(createRest(server, options.retry, follow), options.fieldManager)
}
