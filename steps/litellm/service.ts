import type { Config } from '../../src/config/schema.ts'
import { RELEASES } from '../names.ts'

/** Name and ports of the Service that clients use. Source: litellm chart in monolith mode. */
export const GATEWAY_SERVICE = { name: RELEASES.litellm.name, ports: { http: 4000 } } as const

/** Where clients inside the cluster find the gateway. */
export interface GatewayAddress {
  /** Without a path; the OpenAI-compatible API is below `/v1`. */
  readonly url: string
}

export function gatewayAddress({ namespaces }: Config): GatewayAddress {
  const { name, ports } = GATEWAY_SERVICE
  return { url: `http://${name}.${namespaces.gateway}.svc:${ports.http}` }
}
