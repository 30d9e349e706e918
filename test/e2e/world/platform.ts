/** What the sandbox's built-in configuration makes, written out by hand: a test must not ask the program what is right. */
export const ROLES = ['llmgw-sandbox-gateway', 'llmgw-sandbox-external-secrets']

export const RELEASES = [
  'external-secrets',
  'gatekeeper',
  'jaeger',
  'kube-prometheus',
  'litellm',
  'open-webui',
  'redis',
]

export const SYNCED = [
  {
    namespace: 'litellm',
    name: 'litellm-secrets',
    keys: {
      'master-key': 'litellm/master-key',
      'salt-key': 'litellm/salt-key',
      'database-url': 'litellm/database-url',
    },
  },
  { namespace: 'litellm', name: 'redis-credentials', keys: { 'redis-password': 'litellm/redis-password' } },
  {
    namespace: 'open-webui',
    name: 'openwebui-secrets',
    keys: {
      'openai-api-key': 'openwebui/litellm-key',
      'webui-secret-key': 'openwebui/webui-secret-key',
      'oidc-client-id': 'openwebui/oidc-client-id',
      'oidc-client-secret': 'openwebui/oidc-client-secret',
      'oidc-provider-url': 'openwebui/oidc-provider-url',
    },
  },
  {
    namespace: 'monitoring',
    name: 'grafana-admin',
    keys: { 'admin-password': 'monitoring/grafana-admin-password' },
  },
] as const

export const REMOTE_SECRETS: readonly string[] = [...new Set(SYNCED.flatMap(({ keys }) => Object.values(keys)))]

/** Settings for all of the platform but the database behind LiteLLM, which a sandbox has not got. */
export const WHOLE: Readonly<Record<string, unknown>> = {
  database: { kind: 'none' },
  monitoring: { kind: 'kube-prometheus-stack' },
  networkPolicies: { enabled: true },
  policies: { kind: 'gatekeeper' },
  tracing: { kind: 'jaeger' },
  ui: { kind: 'open-webui' },
}
