import type { Config } from '../../src/config/schema.ts'
import { tracingOf } from '../jaeger/service.ts'
import { TLS_KEYS, tlsSecret } from '../redis/tls.ts'
import { findSyncedKey, syncedKey } from '../synced-key.ts'
import type { EnvVar } from './env-var.ts'
import { guardrailsEnvironment } from './guardrails.ts'
import { tokenCheckEnvironment } from './token-check.ts'

/** Variable that carries a model's API key, e.g. `MODEL_KEY_PERPLEXITY`: of its own, since LiteLLM takes names such as OPENAI_API_KEY for defaults. */
export const modelKeyVariable = (logicalName: string) => `MODEL_KEY_${logicalName.toUpperCase().replaceAll('-', '_')}`

/** The root file system is read-only: what is written goes to the scratch volumes. Source: LiteLLM documentation, production. */
const WRITABLE: readonly EnvVar[] = [
  { name: 'HOME', value: '/tmp' },
  { name: 'XDG_CACHE_HOME', value: '/.cache' },
  { name: 'LITELLM_MIGRATION_DIR', value: '/tmp/litellm/migrations' },
]

/** What the migrations Job gets beside what the chart gives it. */
export function migrationEnvironment(config: Config): readonly EnvVar[] {
  return [...WRITABLE, ...databaseEnvironment(config)]
}

/** What the proxy's container gets beside what the chart gives it. */
export function proxyEnvironment(config: Config, region: string): readonly EnvVar[] {
  return [
    ...WRITABLE,
    { name: 'LITELLM_NON_ROOT', value: 'true' },
    { name: 'LITELLM_UI_PATH', value: '/tmp/litellm/ui' },
    { name: 'LITELLM_ASSETS_PATH', value: '/tmp/litellm/assets' },
    // Prices of models come with the program: no pod asks a server outside for them.
    { name: 'LITELLM_LOCAL_MODEL_COST_MAP', value: 'True' },
    { name: 'AWS_REGION', value: region },
    ...databaseEnvironment(config),
    ...cacheEnvironment(config),
    ...(config.database.kind === 'none' ? [] : [fromSecret(config, 'LITELLM_SALT_KEY', 'litellm-salt-key')]),
    ...modelKeys(config).map((name) => fromSecret(config, modelKeyVariable(name), name)),
    ...tokenEnvironment(config),
    ...tokenCheckEnvironment(config),
    ...guardrailsEnvironment(config),
    ...tracingEnvironment(config),
  ]
}

function databaseEnvironment(config: Config): readonly EnvVar[] {
  return config.database.kind === 'none' ? [] : [fromSecret(config, 'DATABASE_URL', 'litellm-database-url')]
}

/**
 * How LiteLLM reaches a Redis that speaks TLS: the authority as a text, so that its pods get nothing else of the Secret.
 * Response cache, router and rate limits read the same variables, each the name of a redis-py argument. Source: litellm/_redis.py.
 */
function cacheEnvironment(config: Config): readonly EnvVar[] {
  const secret = tlsSecret(config)
  if (secret === undefined) return []
  return [
    { name: 'REDIS_SSL', value: 'True' },
    // Older versions of redis-py leave the name unchecked unless told.
    { name: 'REDIS_SSL_CHECK_HOSTNAME', value: 'True' },
    { name: 'REDIS_SSL_CA_DATA', valueFrom: { secretKeyRef: { name: secret.name, key: TLS_KEYS.authority } } },
  ]
}

function fromSecret(config: Config, name: string, logicalName: string): EnvVar {
  return { name, valueFrom: { secretKeyRef: syncedKey(config, 'gateway', logicalName) } }
}

function modelKeys({ models }: Config): readonly string[] {
  return [...new Set(models.flatMap(({ apiKeySecret }) => apiKeySecret ?? []))].sort()
}

/** LiteLLM takes these from the environment alone. Source: LiteLLM documentation, token auth. */
function tokenEnvironment(config: Config): readonly EnvVar[] {
  const { gateway } = config.auth
  if (gateway.mode !== 'enterprise-jwt') return []
  return [
    { name: 'JWT_PUBLIC_KEY_URL', value: gateway.jwksUrl },
    { name: 'JWT_AUDIENCE', value: gateway.audience },
    { name: 'JWT_ISSUER', value: gateway.issuer },
    fromSecret(config, 'LITELLM_LICENSE', 'litellm-licence'),
  ]
}

/** Source: LiteLLM documentation, OpenTelemetry; it appends /v1/traces to the endpoint. */
function tracingEnvironment(config: Config): readonly EnvVar[] {
  const tracing = tracingOf(config)
  if (tracing === undefined) return []
  return [
    { name: 'OTEL_EXPORTER_OTLP_ENDPOINT', value: tracing.otlpHttp },
    { name: 'OTEL_EXPORTER_OTLP_PROTOCOL', value: 'http/protobuf' },
    { name: 'OTEL_SERVICE_NAME', value: 'litellm' },
  ]
}

/** Logical secrets whose values the gateway's pods hold: they must restart when one gets another version. */
export function gatewaySecrets(config: Config): readonly string[] {
  const wanted = [
    'litellm-master-key',
    'litellm-salt-key',
    'litellm-database-url',
    'redis-password',
    'litellm-licence',
    ...modelKeys(config),
  ]
  return wanted.filter((name) => findSyncedKey(config, 'gateway', name) !== undefined)
}
