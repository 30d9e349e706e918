import type { Config } from '../../src/config/schema.ts'
import { durationMs } from '../names.ts'
import { redisService } from '../redis.ts'
import { modelKeyVariable } from './environment.ts'
import { guardrailsSection } from './guardrails.ts'
import { tokenCheckSettings } from './token-check.ts'

type Model = Config['models'][number]
type Tree = Readonly<Record<string, unknown>>

/** LiteLLM's own configuration file, as far as this program writes it. Source: LiteLLM documentation, proxy configuration. */
export interface ProxyConfig {
  readonly model_list: readonly ProxyModel[]
  readonly litellm_settings: Tree
  readonly general_settings: Tree
  readonly router_settings: Tree
  readonly guardrails?: readonly Tree[]
}

interface ProxyModel {
  readonly model_name: string
  readonly litellm_params: Tree & { readonly model: string }
}

/** Sent where an API wants no key: the client library refuses an empty one. */
const NO_KEY = 'none'

/** The file that the pods read: models from the configuration's one list, the rest from its choices. */
export function proxyConfig(config: Config, region: string): ProxyConfig {
  const { settings, requestTimeout, retries, fallbacks } = config.gateway
  const timeout = durationMs(requestTimeout) / 1000
  const tokenCheck = tokenCheckSettings(config)
  return {
    model_list: config.models.map((model) => proxyModel(model, region)),
    litellm_settings: {
      // Providers refuse parameters that they do not know; clients send them to every model.
      drop_params: true,
      request_timeout: timeout,
      ...observation(config),
      ...responseCache(config),
      ...tokenCheck.litellm,
      ...settings.litellm,
    },
    general_settings: {
      master_key: 'os.environ/LITELLM_MASTER_KEY',
      // Models come from this file alone: what somebody adds in LiteLLM's own interface would be in no plan.
      store_model_in_db: false,
      ...accounting(config),
      ...tokens(config),
      ...tokenCheck.general,
      ...settings.general,
    },
    router_settings: {
      routing_strategy: 'simple-shuffle',
      num_retries: retries,
      timeout,
      ...(Object.keys(fallbacks).length === 0
        ? {}
        : { fallbacks: Object.entries(fallbacks).map(([from, to]) => ({ [from]: to })) }),
      ...settings.router,
    },
    ...guardrailsSection(config),
  }
}

function proxyModel({ name, provider, model, baseUrl, apiKeySecret, maxTokens }: Model, region: string): ProxyModel {
  const key = apiKeySecret === undefined ? undefined : `os.environ/${modelKeyVariable(apiKeySecret)}`
  const byProvider: Readonly<Record<Model['provider'], ProxyModel['litellm_params']>> = {
    bedrock: { model: `bedrock/${model}`, aws_region_name: region },
    perplexity: { model: `perplexity/${model}`, ...(key && { api_key: key }) },
    'openai-compatible': { model: `openai/${model}`, api_base: baseUrl, api_key: key ?? NO_KEY },
    mock: { model: `openai/${model}`, api_key: NO_KEY, mock_response: `This is a made-up answer of ${name}.` },
  }
  return {
    model_name: name,
    litellm_params: { ...byProvider[provider], ...(maxTokens && { max_tokens: maxTokens }) },
  }
}

function observation({ tracing }: Config): Tree {
  const traced = tracing.kind !== 'none'
  return {
    callbacks: traced ? ['prometheus', 'otel'] : ['prometheus'],
    // By default spans carry what users ask and models answer.
    turn_off_message_logging: !(traced && tracing.promptContent),
  }
}

/** Host, port and password come from the REDIS_ variables of the chart. */
function responseCache({ cache, gateway: { responseCache: wanted } }: Config): Tree {
  if (cache.kind === 'none' || wanted.mode === 'off') return { cache: false }
  return {
    cache: true,
    cache_params: {
      type: 'redis',
      mode: wanted.mode === 'always' ? 'default_on' : 'default_off',
      ttl: durationMs(wanted.ttl) / 1000,
      namespace: 'litellm.cache',
    },
  }
}

/** Whose call it is, where Open WebUI names its user. */
function accounting({ auth, ui }: Config): Tree {
  if (auth.gateway.mode !== 'shared-key' || !auth.gateway.forwardUserHeaders || ui.kind === 'none') return {}
  return {
    user_header_mappings: [
      { header_name: 'X-OpenWebUI-User-Id', litellm_user_role: 'internal_user' },
      { header_name: 'X-OpenWebUI-User-Email', litellm_user_role: 'customer' },
    ],
  }
}

/** Tokens of the identity provider, by LiteLLM's own licensed check; keys work beside them. */
function tokens({ auth }: Config): Tree {
  if (auth.gateway.mode !== 'enterprise-jwt') return {}
  const { userClaim, emailClaim } = auth.gateway
  return {
    enable_jwt_auth: true,
    litellm_jwtauth: { user_id_jwt_field: userClaim, user_email_jwt_field: emailClaim, user_id_upsert: true },
  }
}

/** Values of the chart that lead to Redis; empty without one. */
export function redisValues(config: Config): Tree {
  if (config.cache.kind === 'none') return {}
  const host = `${redisService(config)}.${config.namespaces.gateway}.svc`
  return { host, port: 6379, passwordSecret: { name: 'redis-credentials', passwordKey: 'redis-password' } }
}
