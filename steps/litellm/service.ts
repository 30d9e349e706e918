import type { Config } from '../../src/config/schema.ts'
import type { ServiceTarget } from '../../src/ports/index.ts'
import { RELEASES } from '../names.ts'

/** Name and ports of the Service that clients use. Source: litellm chart in monolith mode. */
export const GATEWAY_SERVICE = { name: RELEASES.litellm.name, ports: { http: 4000 } } as const

/** The Service that Prometheus scrapes. Source: litellm chart, metricsServer. */
export const METRICS_SERVICE = { name: `${RELEASES.litellm.name}-metrics`, port: 4001 } as const

/** Where clients inside the cluster find the gateway. */
export interface GatewayAddress {
  /** Without a path; the OpenAI-compatible API is below `/v1`. */
  readonly url: string
}

export function gatewayAddress({ namespaces }: Config): GatewayAddress {
  const { name, ports } = GATEWAY_SERVICE
  return { url: `http://${name}.${namespaces.gateway}.svc:${ports.http}` }
}

/** The same, for calls through the API server. */
export function gatewayTarget({ namespaces }: Config): ServiceTarget {
  const { name, ports } = GATEWAY_SERVICE
  return { namespace: namespaces.gateway, name, port: ports.http, component: 'litellm' }
}
