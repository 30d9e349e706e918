import { type Facts, isTree, type ProxyFault, type Subject, type Tree } from './fault.ts'

interface Model {
  readonly name: string
  readonly params: Tree
  readonly path: string
}

function modelsOf({ proxy }: Subject): readonly Model[] {
  const list = Array.isArray(proxy.model_list) ? proxy.model_list.filter(isTree) : []
  return list.map(({ model_name, litellm_params }, index) => ({
    name: String(model_name),
    params: isTree(litellm_params) ? litellm_params : {},
    path: `model_list[${index}]`,
  }))
}

/** Faults of the list of models. */
export function modelFaults(subject: Subject): readonly ProxyFault[] {
  const models = modelsOf(subject)
  if (models.length === 0) {
    const message = 'is empty: the gateway would start, be ready and serve nothing'
    return [
      { severity: 'warning', code: 'GatewayNoModels', path: 'model_list', message, fix: 'name models in `models`' },
    ]
  }
  return [
    ...models.flatMap((model) => providerFault(model, subject.facts)),
    ...models.flatMap((model) => endOfLife(model, subject)),
    ...twice(models),
  ]
}

/** LiteLLM starts, leaves the model out of its list, and answers 400 to each call. */
function providerFault({ params, path }: Model, { providers, version }: Facts): readonly ProxyFault[] {
  const [provider = '', ...rest] = String(params.model).split('/')
  if (rest.length > 0 ? providers.includes(provider) : params.custom_llm_provider !== undefined) return []
  const message =
    rest.length > 0
      ? `provider "${provider}" is none that LiteLLM ${version} knows`
      : `"${provider}" names no provider, expected provider/model`
  return [
    {
      severity: 'error',
      code: 'GatewayProviderUnknown',
      path: `${path}.litellm_params.model`,
      message,
      fix: 'write a provider that LiteLLM knows before the first slash',
    },
  ]
}

const GEOGRAPHY = /^(us|us-gov|eu|apac|ap|au|jp|ca|sa|global)\./
const SOON_MS = 90 * 24 * 60 * 60 * 1000

/** After its last day every call of a model fails. */
function endOfLife({ name, params, path }: Model, { facts, now }: Subject): readonly ProxyFault[] {
  const [provider, ...rest] = String(params.model).split('/')
  const id = rest.at(-1)?.replace(GEOGRAPHY, '') ?? ''
  const lastDay = provider === 'bedrock' && Object.hasOwn(facts.lifecycle, id) ? facts.lifecycle[id] : undefined
  if (lastDay === undefined) return []
  const end = Date.parse(`${lastDay}T23:59:59Z`)
  if (end - now > SOON_MS) return []
  return [
    {
      severity: 'warning',
      code: 'GatewayModelEndOfLife',
      path: `${path}.litellm_params.model`,
      message: `${id}, which "${name}" asks, ${end < now ? 'ended' : 'ends'} on Bedrock on ${lastDay}`,
      fix: 'keep the name and let it ask a newer model: models[].model',
    },
  ]
}

/** Two entries of one name share its calls: meant for one model in two places. */
function twice(models: readonly Model[]): readonly ProxyFault[] {
  const first = new Map<string, Model>()
  return models.flatMap((model) => {
    const other = first.get(model.name)
    if (other === undefined) first.set(model.name, model)
    if (other === undefined || other.params.model === model.params.model) return []
    return [
      {
        severity: 'warning' as const,
        code: 'GatewayModelTwice',
        path: `${model.path}.model_name`,
        message: `"${model.name}" is also ${other.path}: calls go to either ${String(other.params.model)} or ${String(model.params.model)}`,
        fix: 'give one of them another name, unless answers of both are the same to callers',
      },
    ]
  })
}

/** A fallback that is no model fails the call that needs it. */
export function fallbackFaults(subject: Subject): readonly ProxyFault[] {
  const known = new Set(modelsOf(subject).map(({ name }) => name))
  const sections = ['router_settings', 'litellm_settings'] as const
  const kinds = ['fallbacks', 'context_window_fallbacks', 'content_policy_fallbacks'] as const
  return sections.flatMap((section) =>
    kinds.flatMap((kind) => {
      const settings = subject.proxy[section]
      const lists = isTree(settings) && Array.isArray(settings[kind]) ? settings[kind].filter(isTree) : []
      return lists
        .flatMap((entry) => Object.entries(entry).flatMap(([from, to]) => [from, ...[to].flat().map(String)]))
        .filter((name) => name !== '*' && !known.has(name))
        .map((name) => ({
          severity: 'error' as const,
          code: 'GatewayFallbackUnknown',
          path: `${section}.${kind}`,
          message: `"${name}" is no model of model_list`,
          fix: `name one of ${[...known].join(', ')}`,
        }))
    }),
  )
}
