import { masterKeyInCluster } from '../../../steps/litellm/master-key.ts'
import { gatewayTarget } from '../../../steps/litellm/service.ts'
import { routeToService } from '../../adapters/service-calls/service-calls.ts'
import type { Secret } from '../../secret.ts'
import type { Session } from '../run/session.ts'
import { type GatewayClient, gatewayClient } from './client.ts'

export interface Reached {
  readonly client: GatewayClient
  readonly key: Secret
}

/** The gateway and its administrator's key: through the API server's port-forward, or at an address that the user names. */
export async function reachGateway({ ctx, stop }: Session, endpoint: string | undefined): Promise<Reached> {
  const { kube, config } = ctx
  const { signal } = stop
  const route =
    endpoint === undefined
      ? await routeToService(kube, gatewayTarget(config), signal)
      : ({ kind: 'endpoint', url: endpoint } as const)
  return { client: gatewayClient(route, signal), key: await masterKeyInCluster({ kube, config, signal }) }
}

/** The model that was named, else the first of the configuration; undefined when there is none. */
export const chosenModel = ({ ctx }: Session, named: string | undefined): string | undefined =>
  named ?? ctx.config.models[0]?.name
