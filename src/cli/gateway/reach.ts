import type { Secret } from '../../secret.ts'
import type { Session } from '../run/session.ts'
import { type GatewayClient, gatewayClient } from './client.ts'
import { findGatewayPod, findMasterKey } from './find-gateway.ts'

export interface Reached {
  readonly client: GatewayClient
  readonly key: Secret
}

/** The gateway and its administrator's key: through the API server's port-forward, or at an address that the user names. */
export async function reachGateway({ ctx, stop }: Session, endpoint: string | undefined): Promise<Reached> {
  const { kube, config } = ctx
  if (endpoint !== undefined) {
    const client = gatewayClient({ kind: 'endpoint', url: endpoint }, stop.signal)
    return { client, key: await findMasterKey(kube, config, stop.signal) }
  }
  const pod = await findGatewayPod(kube, config, stop.signal)
  const key = await findMasterKey(kube, config, stop.signal)
  const title = `pod ${pod.namespace}/${pod.name}`
  const open = (signal: AbortSignal) => kube.connect(pod, signal)
  return { client: gatewayClient({ kind: 'pod', title, open }, stop.signal), key }
}

/** The model that was named, else the first of the configuration; undefined when there is none. */
export const chosenModel = ({ ctx }: Session, named: string | undefined): string | undefined =>
  named ?? ctx.config.models[0]?.name
