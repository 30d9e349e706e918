import type { Config } from '../../src/config/schema.ts'
import { RELEASES } from '../names.ts'

/** The chart names everything after the release, since that contains its own name. Ports: Jaeger documentation, APIs. */
export const JAEGER_SERVICE = {
  name: RELEASES.jaeger.name,
  ports: { 'otlp-grpc': 4317, 'otlp-http': 4318, 'http-query': 16686 },
} as const

/** Where programs send spans and people look at traces. */
export interface Tracing {
  /** OTLP over HTTP: exporters append `/v1/traces`. */
  readonly otlpHttp: string
  readonly otlpGrpc: string
  /** User interface and query API. */
  readonly query: string
}

/** Addresses of Jaeger inside the cluster; undefined where the configuration has none. */
export function tracingOf({ tracing, namespaces }: Config): Tracing | undefined {
  if (tracing.kind === 'none') return undefined
  const { name, ports } = JAEGER_SERVICE
  const at = (port: keyof typeof ports) => `http://${name}.${namespaces.monitoring}.svc:${ports[port]}`
  return { otlpHttp: at('otlp-http'), otlpGrpc: at('otlp-grpc'), query: at('http-query') }
}
