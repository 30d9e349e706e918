import type { Wanted } from './one-of-each.ts'
import { RELEASES, WHOLE } from './platform.ts'
import { SPINE_RELEASES } from './spine.ts'

/** What the faults are met by. */
export interface Platform {
  readonly parts: 'spine' | 'whole'
  readonly layout: 'split' | 'bundle'
}

/** In turn: each part of the platform with each layout of secrets. */
export const PLATFORMS: readonly Platform[] = [
  { parts: 'whole', layout: 'split' },
  { parts: 'spine', layout: 'bundle' },
  { parts: 'whole', layout: 'bundle' },
  { parts: 'spine', layout: 'split' },
]

/** The sandbox's own secrets have no prefix: a platform with one meets none of them in another layout. */
const PREFIX = 'chaos/'

const WHOLE_VARIANT = (number: number): Readonly<Record<string, unknown>> => ({
  ...WHOLE,
  networkPolicies: { enabled: true, ingress: { gateway: { cidrs: [`10.${number}.0.0/16`] } } },
  policies: { kind: 'gatekeeper', requireCpuLimits: number === 2 },
  tracing: { kind: 'jaeger', maxTraces: 1000 * number },
})

/** Configuration of it, in one of two variants: from one to the other releases, objects and policies change. */
export function settingsOf({ parts, layout }: Platform, number: 1 | 2): Readonly<Record<string, unknown>> {
  const values = { podAnnotations: { 'example.com/variant': String(number) } }
  const changing = ['redis', 'external-secrets', ...(parts === 'whole' ? ['openwebui'] : [])]
  return {
    ...(parts === 'whole' ? WHOLE_VARIANT(number) : {}),
    gateway: { retries: number },
    secrets: { layout, prefix: PREFIX, refreshInterval: `${number}h` },
    components: Object.fromEntries(changing.map((name) => [name, { values }])),
  }
}

/** Logical names of its secrets, and where each is in the layout `split`. */
const SECRETS: Readonly<Record<Platform['parts'], Readonly<Record<string, string>>>> = {
  spine: {
    'litellm-master-key': 'litellm/master-key',
    'litellm-salt-key': 'litellm/salt-key',
    'litellm-database-url': 'litellm/database-url',
    'redis-password': 'litellm/redis-password',
  },
  whole: {
    'litellm-master-key': 'litellm/master-key',
    'redis-password': 'litellm/redis-password',
    'webui-secret-key': 'openwebui/webui-secret-key',
    'oidc-client-id': 'openwebui/oidc-client-id',
    'oidc-client-secret': 'openwebui/oidc-client-secret',
    'oidc-provider-url': 'openwebui/oidc-provider-url',
    'grafana-admin-password': 'monitoring/grafana-admin-password',
  },
}

/** What is there of it, once, when a run has gone through. */
export function wantedOf({ parts, layout }: Platform): Wanted {
  const releases = parts === 'whole' ? RELEASES : SPINE_RELEASES
  if (layout === 'split') return { releases, secrets: Object.values(SECRETS[parts]).map((name) => `${PREFIX}${name}`) }
  return { releases, secrets: Object.keys(SECRETS[parts]), bundle: `${PREFIX}llm-gateway/api-keys` }
}
