import type { Config } from '../src/config/schema.ts'
import { applied, ready } from '../src/engine/step.ts'
import { bytesOf } from '../src/ports/quantity.ts'
import { secretSync } from './external-secrets/secret-sync.ts'
import { mergeValues } from './helm-release/merge-values.ts'
import { helmRelease } from './helm-release.ts'
import { RELEASES } from './names.ts'
import { namespaces } from './namespaces.ts'
import { redisPods } from './redis/pods.ts'
import { tlsValues } from './redis/tls.ts'
import { storage } from './storage.ts'

/** Where clients find the cache. */
export interface RedisOut {
  readonly host: string
  readonly port: number
}

/** Copying the data set for a snapshot takes memory too: the limit must hold more than the data. */
const DATA_SHARE = 0.75

type Settings = Extract<Config['cache'], { kind: 'redis-ha' }>

function settingsOf({ cache }: Config): Settings {
  if (cache.kind !== 'redis-ha') throw new Error(`the cache is ${cache.kind}: the redis step is off`)
  return cache
}

/** Name of the Service that leads to the master. */
export function redisService(config: Config): string {
  const base = `${RELEASES.redis.name}-redis-ha`
  return settingsOf(config).replicas > 1 ? `${base}-haproxy` : base
}

/** Redis with Sentinel, and HAProxy in front of more than one server. */
export const redis = helmRelease<RedisOut>({
  id: 'redis',
  title: 'Install Redis',
  component: 'redis',
  needs: [applied(namespaces), applied(storage), ready(secretSync)],
  off: ({ cache }) => (cache.kind === 'redis-ha' ? undefined : `cache.kind is ${cache.kind}`),
  release: RELEASES.redis,
  namespace: ({ namespaces: { gateway } }) => gateway,
  baseValues: 'helm-values/redis-ha.yaml',
  async values(ctx) {
    const { replicas, storage: size, memory } = settingsOf(ctx.config)
    return mergeValues(await tlsValues(ctx), {
      replicas,
      redis: {
        config: {
          // A lone server has no replica to write to, and would refuse every write.
          'min-replicas-to-write': replicas > 1 ? 1 : 0,
          maxmemory: String(Math.floor(bytesOf(memory) * DATA_SHARE)),
        },
        resources: { requests: { memory }, limits: { memory } },
      },
      sentinel: { quorum: Math.floor(replicas / 2) + 1 },
      // The chart makes the budget whether or not there is a proxy to protect.
      haproxy: replicas > 1 ? { enabled: true } : { enabled: false, podDisruptionBudget: null },
      persistentVolume: { size },
    })
  },
  pods: redisPods,
  out: ({ config }) => ({ host: `${redisService(config)}.${config.namespaces.gateway}.svc`, port: 6379 }),
})
