import type { PodShape, ResourceValues } from '../helm-release/definition.ts'

interface Container {
  readonly resources?: ResourceValues
}

/** Values of the chart that decide what its pods ask for. */
interface RedisValues {
  readonly replicas?: number
  readonly redis?: Container
  readonly sentinel?: Container
  readonly splitBrainDetection?: Container
  readonly exporter?: Container & { readonly enabled?: boolean }
  readonly haproxy?: Container & { readonly enabled?: boolean; readonly replicas?: number }
}

/** Pods of Redis and of the proxy before it. Source: redis-ha chart, templates of the StatefulSet and of the HAProxy Deployment. */
export function redisPods(values: RedisValues): readonly PodShape[] {
  const { replicas = 3, redis = {}, sentinel = {}, splitBrainDetection = {}, exporter = {}, haproxy = {} } = values
  const containers = [redis, sentinel, splitBrainDetection, ...(exporter.enabled ? [exporter] : [])]
  return [
    { name: 'redis-ha-server', replicas, containers: containers.map(({ resources = {} }) => resources) },
    ...(haproxy.enabled
      ? [{ name: 'redis-ha-haproxy', replicas: haproxy.replicas ?? 3, containers: [haproxy.resources ?? {}] }]
      : []),
  ]
}
