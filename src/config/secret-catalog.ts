import type { Config } from './schema.ts'

type SecretItem = Config['secrets']['items'][string]

/** The choices of a configuration that decide which defaults apply. */
export interface Choices {
  readonly preset: Config['preset']
  readonly deployment: string
  readonly region: string
  readonly cluster: string
  readonly ui: string
  readonly uiDatabase: string
  /** More than one pod of the chat interface. */
  readonly uiScaled: boolean
  readonly database: string
  readonly cache: string
  readonly uiLogin: string
  readonly monitoring: string
  readonly tracing: string
  readonly gatewayAuth: string
  readonly policies: string
  readonly guardrails: string
}

interface CatalogEntry {
  readonly name: string
  readonly item: SecretItem
  /** Keys under which Kubernetes Secrets carry it. */
  readonly synced: readonly SyncedTo[]
  readonly when: (choices: Choices) => boolean
}

interface SyncedTo {
  readonly secret: SyncedName
  readonly key: string
  /** Where not every configuration that has the secret has this copy. */
  readonly when?: (choices: Choices) => boolean
}

type SyncedName = 'litellm-secrets' | 'redis-credentials' | 'openwebui-secrets' | 'grafana-admin'

const NAMESPACE_OF: Readonly<Record<SyncedName, 'gateway' | 'ui' | 'monitoring'>> = {
  'litellm-secrets': 'gateway',
  'redis-credentials': 'gateway',
  'openwebui-secrets': 'ui',
  'grafana-admin': 'monitoring',
}

const always = () => true
const withDatabase = ({ database }: Choices) => database === 'external'
const withRedis = ({ cache }: Choices) => cache === 'redis-ha'
const withUi = ({ ui }: Choices) => ui === 'open-webui'
const withOidc = (choices: Choices) => withUi(choices) && choices.uiLogin === 'oidc'
/** Keys of its own need a database: without one LiteLLM knows the master key alone. */
const withUiKey = (choices: Choices) => withUi(choices) && withDatabase(choices)
const withMonitoring = ({ monitoring }: Choices) => monitoring === 'kube-prometheus-stack'
const generated = { class: 'generated', format: 'hex', bytes: 32 } as const
const provided = { class: 'provided', format: 'text', bytes: 32 } as const

function openWebUi(key: string, when?: SyncedTo['when']): readonly SyncedTo[] {
  return [{ secret: 'openwebui-secrets', key, ...(when && { when }) }]
}

/** The closed list of logical secrets that the platform itself needs; a configuration may add to it, e.g. for a model's API key. */
const CATALOG: readonly CatalogEntry[] = [
  {
    name: 'litellm-master-key',
    // LiteLLM wants keys that start with sk-.
    item: {
      ...generated,
      format: 'sk-hex',
      remote: 'litellm/master-key',
      description: 'Administrator key of the LiteLLM API',
    },
    synced: [
      { secret: 'litellm-secrets', key: 'master-key' },
      ...openWebUi('openai-api-key', (choices) => withUi(choices) && !withUiKey(choices)),
    ],
    when: always,
  },
  {
    name: 'openwebui-litellm-key',
    item: {
      ...generated,
      format: 'sk-hex',
      remote: 'openwebui/litellm-key',
      description: "Open WebUI's own key of the LiteLLM API",
    },
    synced: openWebUi('openai-api-key'),
    when: withUiKey,
  },
  {
    name: 'litellm-licence',
    item: { ...provided, remote: 'litellm/licence', description: 'Enterprise licence of LiteLLM' },
    synced: [{ secret: 'litellm-secrets', key: 'licence' }],
    when: ({ gatewayAuth }) => gatewayAuth === 'enterprise-jwt',
  },
  {
    name: 'litellm-salt-key',
    item: {
      ...generated,
      class: 'immutable',
      remote: 'litellm/salt-key',
      description: 'Encrypts credentials in the LiteLLM database; a new value makes them unreadable',
    },
    synced: [{ secret: 'litellm-secrets', key: 'salt-key' }],
    when: withDatabase,
  },
  {
    name: 'litellm-database-url',
    item: {
      ...provided,
      format: 'url',
      remote: 'litellm/database-url',
      description: 'PostgreSQL connection URL of LiteLLM, postgresql://user:password@host:5432/database',
    },
    synced: [{ secret: 'litellm-secrets', key: 'database-url' }],
    when: withDatabase,
  },
  {
    name: 'redis-password',
    item: { ...generated, remote: 'litellm/redis-password', description: 'Password of the Redis cache' },
    synced: [
      { secret: 'redis-credentials', key: 'redis-password' },
      ...openWebUi('redis-password', (choices) => withUi(choices) && choices.uiScaled),
    ],
    when: withRedis,
  },
  {
    name: 'webui-secret-key',
    item: { ...generated, remote: 'openwebui/webui-secret-key', description: 'Signs the sessions of Open WebUI' },
    synced: openWebUi('webui-secret-key'),
    when: withUi,
  },
  {
    name: 'webui-database-url',
    item: {
      ...provided,
      format: 'url',
      remote: 'openwebui/database-url',
      description: 'PostgreSQL connection URL of Open WebUI, another database than that of LiteLLM',
    },
    synced: openWebUi('webui-database-url'),
    when: (choices) => withUi(choices) && choices.uiDatabase === 'postgresql',
  },
  {
    name: 'webui-admin-password',
    item: {
      ...generated,
      remote: 'openwebui/admin-password',
      description: 'Password of the first administrator of Open WebUI, used when its database is empty',
    },
    synced: openWebUi('webui-admin-password'),
    when: (choices) => withUi(choices) && choices.uiLogin === 'local',
  },
  {
    name: 'oidc-client-id',
    item: { ...provided, remote: 'openwebui/oidc-client-id', description: 'OIDC client id of Open WebUI' },
    synced: openWebUi('oidc-client-id'),
    when: withOidc,
  },
  {
    name: 'oidc-client-secret',
    item: { ...provided, remote: 'openwebui/oidc-client-secret', description: 'OIDC client secret of Open WebUI' },
    synced: openWebUi('oidc-client-secret'),
    when: withOidc,
  },
  {
    name: 'oidc-provider-url',
    item: {
      ...provided,
      format: 'url',
      remote: 'openwebui/oidc-provider-url',
      description: 'OpenID configuration URL of the identity provider',
    },
    synced: openWebUi('oidc-provider-url'),
    when: withOidc,
  },
  {
    name: 'grafana-admin-password',
    item: { ...generated, remote: 'monitoring/grafana-admin-password', description: 'Password of admin in Grafana' },
    synced: [{ secret: 'grafana-admin', key: 'admin-password' }],
    when: withMonitoring,
  },
]

/** Logical secrets that these choices need, and the Kubernetes Secrets made from them. */
export function secretDefaults(choices: Choices): Pick<Config['secrets'], 'items' | 'synced'> {
  const wanted = CATALOG.filter(({ when }) => when(choices)).map((entry) => ({
    ...entry,
    synced: entry.synced.filter(({ when = always }) => when(choices)),
  }))
  const names = [...new Set(wanted.flatMap(({ synced }) => synced.map(({ secret }) => secret)))]
  return {
    items: Object.fromEntries(wanted.map(({ name, item }) => [name, item])),
    synced: names.map((secret) => ({
      namespace: NAMESPACE_OF[secret],
      name: secret,
      keys: Object.fromEntries(
        wanted.flatMap(({ name, synced }) =>
          synced.filter((target) => target.secret === secret).map(({ key }) => [key, name]),
        ),
      ),
    })),
  }
}
