import type { Config } from '../../../src/config/schema.ts'
import { RELEASES } from '../../names.ts'
import { type Flow, HTTPS, type Party, type Port, type Share, tcp } from '../table.ts'
import { CACHE_PORT, cacheEntry } from './redis.ts'

const PORT = 4000

const withDatabase = ({ database }: Config): boolean => database.kind === 'external'

/** Flows of these pods to PostgreSQL. */
export function toDatabase({ database }: Config, ...pods: readonly Party[]): readonly Flow[] {
  return database.kind === 'external' ? pods.map((from) => ({ from, to: 'database', ports: tcp(database.port) })) : []
}

/** Source: litellm chart in monolith mode, `selectorLabels`; its metrics server has a port of its own. */
function part(id: string, component: string): Party {
  const pods = {
    'app.kubernetes.io/name': 'litellm',
    'app.kubernetes.io/instance': RELEASES.litellm.name,
    'app.kubernetes.io/component': component,
  }
  return { id, component: 'litellm', namespace: 'gateway', pods }
}

export const proxy: Party = { ...part('litellm', 'proxy'), metrics: [4001] }
/** The Job that brings the database's schema up to date. */
const migrations: Party = { ...part('litellm-migrations', 'migrations'), wanted: withDatabase }

/** Port of the gateway's API. */
export const GATEWAY_PORT = PORT

export const gatewayShare: Share = {
  parties: [proxy, migrations],
  flows: (config) => [
    { from: 'gateway-clients', to: proxy, ports: tcp(PORT) },
    ...(config.cache.kind === 'none' ? [] : [{ from: proxy, to: cacheEntry(config), ports: tcp(CACHE_PORT) }]),
    ...toDatabase(config, proxy, migrations),
    ...config.models.flatMap(modelFlow),
    // Keys of the identity provider, or the check of a licence.
    ...(config.auth.gateway.mode === 'shared-key' ? [] : [{ from: proxy, to: 'internet' as const, ports: HTTPS }]),
  ],
}

type Model = Config['models'][number]

/** Where a model is asked. */
function modelFlow({ provider, baseUrl }: Model): readonly Flow[] {
  if (provider === 'mock') return []
  if (baseUrl === undefined) return [{ from: proxy, to: 'internet', ports: HTTPS }]
  const { hostname, protocol, port } = new URL(baseUrl)
  const namespace = namespaceOf(hostname)
  // The port of a Service says nothing about the port of the pods behind it.
  if (namespace !== undefined) return [{ from: proxy, to: `namespace ${namespace}`, ports: [] }]
  return [{ from: proxy, to: 'internet', ports: portOf(protocol, port) }]
}

function portOf(protocol: string, port: string): readonly Port[] {
  if (port !== '') return tcp(Number(port))
  return protocol === 'http:' ? tcp(80) : HTTPS
}

/** `vllm.models.svc`, with or without the cluster's domain behind it, is in namespace `models`. */
function namespaceOf(hostname: string): string | undefined {
  const [, namespace, marker] = hostname.split('.')
  return marker === 'svc' ? namespace : undefined
}
