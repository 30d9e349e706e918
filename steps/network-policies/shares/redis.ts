import type { Config } from '../../../src/config/schema.ts'
import { RELEASES } from '../../names.ts'
import { type Party, type Share, tcp } from '../table.ts'

const REDIS = 6379
const SENTINEL = 26379

const wanted = ({ cache }: Config): boolean => cache.kind === 'redis-ha'
const withProxy = ({ cache }: Config): boolean => cache.kind === 'redis-ha' && cache.replicas > 1

/** Source: redis-ha chart, labels of its pods; the exporter serves 9121. */
const server: Party = {
  id: 'redis',
  component: 'redis',
  namespace: 'gateway',
  pods: { app: 'redis-ha', release: RELEASES.redis.name },
  metrics: [9121],
  wanted,
}

const proxy: Party = {
  id: 'redis-haproxy',
  component: 'redis',
  namespace: 'gateway',
  pods: { app: 'redis-ha-haproxy', release: RELEASES.redis.name },
  wanted: withProxy,
}

/** Pods that clients of the cache connect to. */
export const cacheEntry = (config: Config): Party => (withProxy(config) ? proxy : server)

/** Servers replicate and vote among themselves; the proxy asks them who is master. */
export const redisShare: Share = {
  parties: [server, proxy],
  flows: () => [
    { from: server, to: server, ports: tcp(REDIS, SENTINEL) },
    { from: proxy, to: server, ports: tcp(REDIS, SENTINEL) },
  ],
}

/** Port on which the cache is asked. */
export const CACHE_PORT = REDIS
