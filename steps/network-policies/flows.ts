import type { Config } from '../../src/config/schema.ts'
import { externalSecretsShare } from './shares/external-secrets.ts'
import { gatekeeperShare } from './shares/gatekeeper.ts'
import { gatewayShare } from './shares/gateway.ts'
import { jaegerShare } from './shares/jaeger.ts'
import { monitoringShare, prometheus } from './shares/monitoring.ts'
import { openwebuiShare } from './shares/openwebui.ts'
import { redisShare } from './shares/redis.ts'
import { type Flow, type Party, type Port, tcp, udp } from './table.ts'

/** One file a component, so that who changes a component finds what it may talk to. */
const SHARES = [
  externalSecretsShare,
  gatekeeperShare,
  monitoringShare,
  jaegerShare,
  redisShare,
  gatewayShare,
  openwebuiShare,
]

const DNS: readonly Port[] = [...udp(53), ...tcp(53)]

/** Parties of this configuration. */
export function parties(config: Config): readonly Party[] {
  return SHARES.flatMap((share) => share.parties).filter(({ wanted }) => wanted?.(config) ?? true)
}

/** What Prometheus asks this party for. */
const scraped = (to: Party): readonly Flow[] =>
  to.metrics === undefined || to.metrics.length === 0 ? [] : [{ from: prometheus, to, ports: tcp(...to.metrics) }]

/** Every connection that this configuration needs. */
export function flows(config: Config): readonly Flow[] {
  const present = parties(config)
  const there = (end: Flow['from']): boolean => typeof end === 'string' || present.includes(end)
  const all = [
    ...SHARES.flatMap((share) => share.flows(config)),
    ...present.map((from): Flow => ({ from, to: 'cluster-dns', ports: DNS })),
    ...present.flatMap(scraped),
  ].filter(({ from, to }) => there(from) && there(to))
  return [...new Map(all.map((flow) => [JSON.stringify(flow), flow])).values()]
}
