import type { Config } from '../../../src/config/schema.ts'
import { type Flow, HTTPS, type Party, type Share, tcp } from '../table.ts'
import { GATEWAY_PORT, proxy, toDatabase } from './gateway.ts'
import { CACHE_PORT, cacheEntry } from './redis.ts'

/** Source: open-webui chart, `selectorLabels`: the name alone would also mean its Redis. */
const ui: Party = {
  id: 'open-webui',
  component: 'openwebui',
  namespace: 'ui',
  pods: { 'app.kubernetes.io/instance': 'open-webui', 'app.kubernetes.io/component': 'open-webui' },
  wanted: (config) => config.ui.kind === 'open-webui',
}

export const openwebuiShare: Share = {
  parties: [ui],
  flows: (config) => [
    { from: 'ui-clients', to: ui, ports: tcp(8080) },
    { from: ui, to: proxy, ports: tcp(GATEWAY_PORT) },
    ...(config.auth.ui === 'oidc' ? [{ from: ui, to: 'internet' as const, ports: HTTPS }] : []),
    ...storeFlows(config),
  ],
}

/** A database of its own, and Redis through which several pods tell each other of websockets. */
function storeFlows(config: Config): readonly Flow[] {
  if (config.ui.kind !== 'open-webui') return []
  return [
    ...(config.ui.database === 'postgresql' ? toDatabase(config, ui) : []),
    ...(config.ui.replicas > 1 && config.cache.kind !== 'none'
      ? [{ from: ui, to: cacheEntry(config), ports: tcp(CACHE_PORT) }]
      : []),
  ]
}
