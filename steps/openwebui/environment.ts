import type { Config } from '../../src/config/schema.ts'
import { tracingOf } from '../jaeger/service.ts'
import { tlsSecret } from '../redis/tls.ts'
import { redisService } from '../redis.ts'
import { type SyncedKey, syncedKey } from '../synced-key.ts'
import type { WebUi } from './settings.ts'

/** As the chart takes it: a text, or where Kubernetes reads it. */
type EnvValue = string | { readonly valueFrom: { readonly secretKeyRef: SyncedKey } }

/** Variables of Open WebUI by name: a mapping, since overrides merge into one and would replace a list. */
export type Environment = Readonly<Record<string, EnvValue>>

const YES = 'True'
const NO = 'False'

/** What never differs. */
const FIXED: Environment = {
  // Otherwise the first start copies these variables into the database, and no later value is ever read.
  ENABLE_PERSISTENT_CONFIG: NO,
  // No model of its own is fetched at the first start: embeddings are the gateway's too.
  OFFLINE_MODE: YES,
  RAG_EMBEDDING_ENGINE: 'openai',
  // The gateway decides who may use which model; otherwise plain users see none until somebody grants them one by one.
  BYPASS_MODEL_ACCESS_CONTROL: YES,
  // The root file system is read-only.
  HOME: '/tmp',
  STATIC_DIR: '/tmp/static',
}

/** Everything that Open WebUI is told beside what its chart tells it. Source: Open WebUI documentation, environment. */
export function webUiEnvironment(config: Config, ui: WebUi): Environment {
  return {
    ...FIXED,
    WEBUI_URL: ui.url,
    WEBUI_SECRET_KEY: secret(config, 'webui-secret-key'),
    ...login(config, ui),
    ...identity(config),
    ...database(config, ui),
    ...sessions(config, ui),
    ...tracing(config),
  }
}

function secret(config: Config, logicalName: string): EnvValue {
  return { valueFrom: { secretKeyRef: syncedKey(config, 'ui', logicalName) } }
}

function login(config: Config, { url }: WebUi): Environment {
  const { auth } = config
  if (auth.ui === 'local') {
    return {
      // Made at the first start, so that nobody owns it by being the first to sign up.
      WEBUI_ADMIN_EMAIL: auth.local.adminEmail,
      WEBUI_ADMIN_PASSWORD: secret(config, 'webui-admin-password'),
      ENABLE_SIGNUP: NO,
    }
  }
  const { providerName, scopes, mergeByEmail } = auth.oidc
  return {
    ENABLE_OAUTH_SIGNUP: YES,
    ENABLE_SIGNUP: NO,
    ENABLE_PASSWORD_AUTH: NO,
    ENABLE_LOGIN_FORM: NO,
    ENABLE_OAUTH_ID_TOKEN_COOKIE: NO,
    // Otherwise everybody who logs in waits for an administrator, and there is none yet.
    DEFAULT_USER_ROLE: 'user',
    OAUTH_CLIENT_ID: secret(config, 'oidc-client-id'),
    OAUTH_CLIENT_SECRET: secret(config, 'oidc-client-secret'),
    OPENID_PROVIDER_URL: secret(config, 'oidc-provider-url'),
    OPENID_REDIRECT_URI: `${url.replace(/\/$/, '')}/oauth/oidc/callback`,
    OAUTH_CODE_CHALLENGE_METHOD: 'S256',
    OAUTH_PROVIDER_NAME: providerName,
    OAUTH_SCOPES: scopes,
    OAUTH_MERGE_ACCOUNTS_BY_EMAIL: mergeByEmail ? YES : NO,
    ...roles(config),
  }
}

function roles({ auth: { oidc } }: Config): Environment {
  if (oidc.rolesClaim === undefined) return {}
  return {
    ENABLE_OAUTH_ROLE_MANAGEMENT: YES,
    OAUTH_ROLES_CLAIM: oidc.rolesClaim,
    ...(oidc.allowedRoles && { OAUTH_ALLOWED_ROLES: oidc.allowedRoles.join(',') }),
    ...(oidc.adminRoles && { OAUTH_ADMIN_ROLES: oidc.adminRoles.join(',') }),
  }
}

function identity({ auth }: Config): Environment {
  const forwards = auth.gateway.mode === 'shared-key' && auth.gateway.forwardUserHeaders
  return forwards ? { ENABLE_FORWARD_USER_INFO_HEADERS: YES } : {}
}

function database(config: Config, ui: WebUi): Environment {
  return ui.database === 'sqlite' ? {} : { DATABASE_URL: secret(config, 'webui-database-url'), VECTOR_DB: 'pgvector' }
}

/** Pods of several replicas meet in Redis. The password is hexadecimal: it needs no escape in a URL. */
function sessions(config: Config, ui: WebUi): Environment {
  if (ui.replicas === 1) return {}
  // Kubernetes replaces $(NAME) by what stands before; the chart sorts names, and what is named stands before the URLs.
  const place = `:$(REDIS_PASSWORD)@${redisService(config)}.${config.namespaces.gateway}.svc:6379/1`
  const url = needsAuthority(config)
    ? `rediss://${place}?ssl_check_hostname=true&ssl_ca_data=$(REDIS_AUTHORITY)`
    : `redis://${place}`
  return {
    REDIS_PASSWORD: secret(config, 'redis-password'),
    REDIS_URL: url,
    // Without it a failover leaves calls hanging.
    REDIS_SOCKET_CONNECT_TIMEOUT: '5',
    WEBSOCKET_MANAGER: 'redis',
    WEBSOCKET_REDIS_URL: url,
  }
}

/** Whether its pods meet in a Redis that speaks TLS. */
export const needsAuthority = (config: Config): boolean =>
  config.ui.kind === 'open-webui' && config.ui.replicas > 1 && tlsSecret(config) !== undefined

/**
 * The authority of Redis for the URLs above. It is in the Secret of another namespace, which pods cannot read; a certificate is
 * no secret, and redis-py takes the text itself. Source: redis-py, SSLConnection, `ssl_ca_data`.
 */
export const authorityEnvironment = (authority: string): Environment => ({
  REDIS_AUTHORITY: encodeURIComponent(authority),
})

function tracing(config: Config): Environment {
  const traced = tracingOf(config)
  if (traced === undefined) return {}
  return {
    ENABLE_OTEL: YES,
    OTEL_SERVICE_NAME: 'open-webui',
    OTEL_EXPORTER_OTLP_ENDPOINT: traced.otlpGrpc,
    OTEL_EXPORTER_OTLP_INSECURE: 'true',
  }
}

/** Logical secrets whose values its pods hold. */
export function webUiSecrets({ secrets }: Config): readonly string[] {
  const own = secrets.synced.filter(({ namespace, name }) => namespace === 'ui' && name === 'openwebui-secrets')
  return [...new Set(own.flatMap(({ keys }) => Object.values(keys)))].sort()
}
