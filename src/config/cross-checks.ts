import { closest } from './closest.ts'
import type { Fault } from './fault.ts'
import { gatewayFaults } from './gateway-checks.ts'
import { networkPoliciesFaults } from './network-policy-checks.ts'
import type { Config } from './schema.ts'
import { showText } from './show.ts'

/** What one field alone cannot tell: names that must exist, or must not be the same. */
export function crossCheck(config: Config): readonly Fault[] {
  return [
    ...syncedSecrets(config),
    ...remotes(config),
    ...bundleNames(config),
    ...syncedNames(config),
    ...roleNames(config),
    ...operatorNamespaces(config),
    ...hostAccess(config),
    ...config.models.flatMap((model, index) => modelFaults(config, model, index)),
    ...sameModelNames(config),
    ...gatewayFaults(config),
    ...networkPoliciesFaults(config),
  ]
}

type Model = Config['models'][number]

function unknownSecret(config: Config, name: string): string {
  const names = Object.keys(config.secrets.items)
  const near = closest(name, names)
  return `no logical secret "${showText(name)}" in secrets.items${near ? `; did you mean "${near}"?` : ''}`
}

function syncedSecrets(config: Config): readonly Fault[] {
  return config.secrets.synced.flatMap(({ keys }, index) =>
    Object.entries(keys)
      .filter(([, name]) => !Object.hasOwn(config.secrets.items, name))
      .map(([key, name]) => ({
        path: ['secrets', 'synced', index, 'keys', key],
        message: unknownSecret(config, name),
      })),
  )
}

/** Two logical secrets behind one name would share one value, whatever their classes say. */
function remotes(config: Config): readonly Fault[] {
  const first = new Map<string, string>()
  return Object.entries(config.secrets.items).flatMap(([name, { remote }]) => {
    const other = first.get(remote)
    if (other === undefined) first.set(remote, name)
    return other === undefined
      ? []
      : [
          {
            path: ['secrets', 'items', name, 'remote'],
            message: `"${showText(remote)}" is also the remote name of "${other}"; expected one of its own`,
          },
        ]
  })
}

/** Neither two values under one key, nor the bundle under the name of a value: layouts stand side by side while one becomes the other. */
function bundleNames({ secrets }: Config): readonly Fault[] {
  const first = new Map<string, string>()
  return Object.entries(secrets.items).flatMap(([name, { remote, property = name }]): Fault[] => {
    const other = first.get(property)
    if (other === undefined) first.set(property, name)
    return [
      ...(other === undefined
        ? []
        : [
            {
              path: ['secrets', 'items', name, 'property'],
              message: `"${showText(property)}" is also the key of "${other}" in the bundle; expected one of its own`,
            },
          ]),
      ...(remote === secrets.bundle
        ? [
            {
              path: ['secrets', 'bundle'],
              message: `"${showText(remote)}" is also the remote name of "${name}"; expected one of its own`,
            },
          ]
        : []),
    ]
  })
}

/** Two entries for one Kubernetes Secret would overwrite each other without end. */
function syncedNames({ namespaces, secrets }: Config): readonly Fault[] {
  const seen = new Set<string>()
  return secrets.synced.flatMap(({ namespace, name }, index) => {
    const secret = `${namespaces[namespace]}/${name}`
    if (!seen.has(secret)) {
      seen.add(secret)
      return []
    }
    const message = `Kubernetes Secret ${secret} stands twice; expected one entry with all its keys`
    return [{ path: ['secrets', 'synced', index, 'name'], message }]
  })
}

/** One role cannot have two trust policies. */
function roleNames({ irsa }: Config): readonly Fault[] {
  if (irsa.gateway.roleName !== irsa.externalSecrets.roleName) return []
  const message = `"${irsa.gateway.roleName}" is also the role of the gateway; expected one of its own`
  return [{ path: ['irsa', 'externalSecrets', 'roleName'], message }]
}

/** Operators get rights and labels for their namespace that no workload may share. */
function operatorNamespaces({ namespaces }: Config): readonly Fault[] {
  const uses = ['gateway', 'ui', 'monitoring', 'policy'] as const
  return uses.flatMap((use) => {
    const operator = (['secrets', 'policy'] as const).find(
      (other) => other !== use && namespaces[other] === namespaces[use],
    )
    if (operator === undefined) return []
    const message = `"${namespaces[use]}" is the namespace of the ${operator} operator; expected another one`
    return [{ path: ['namespaces', use], message }]
  })
}

/** A namespace with the node exporter has no Pod Security level left for anybody else in it. */
function hostAccess({ monitoring, namespaces }: Config): readonly Fault[] {
  if (monitoring.kind === 'none' || !monitoring.nodeExporter) return []
  const shared = (['gateway', 'ui'] as const).find((use) => namespaces[use] === namespaces.monitoring)
  if (shared === undefined) return []
  const message = `"${namespaces.monitoring}" is also the namespace of the ${shared}, and the node exporter needs one without a Pod Security level; expected another one, or monitoring.nodeExporter: false`
  return [{ path: ['namespaces', 'monitoring'], message }]
}

/** Inference profile ids start with the geography they route to. Source: Amazon Bedrock user guide, inference profiles. */
const PROFILE = /^(us|us-gov|eu|apac|ap|au|jp|ca|sa|global)\./

function modelFaults(config: Config, model: Model, index: number): readonly Fault[] {
  const at = (key: string, message: string): Fault => ({ path: ['models', index, key], message })
  const faults: Fault[] = []
  if (model.apiKeySecret !== undefined && !Object.hasOwn(config.secrets.items, model.apiKeySecret))
    faults.push(at('apiKeySecret', unknownSecret(config, model.apiKeySecret)))
  if (model.provider === 'bedrock') return [...faults, ...bedrockFaults(model, at)]
  if (model.regions !== undefined)
    faults.push(at('regions', `only bedrock models have regions, this one is ${model.provider}`))
  if (model.provider === 'openai-compatible' && model.baseUrl === undefined)
    faults.push(at('baseUrl', 'is missing; an openai-compatible model needs the URL of its API'))
  if (model.provider === 'perplexity' && model.apiKeySecret === undefined)
    faults.push(at('apiKeySecret', 'is missing; a perplexity model needs the logical secret that holds its key'))
  return faults
}

function bedrockFaults(model: Model, at: (key: string, message: string) => Fault): readonly Fault[] {
  const faults: Fault[] = []
  if (!/^[a-z0-9-]+(\.[\w-]+)+(:[\w]+)*$/.test(model.model))
    faults.push(
      at(
        'model',
        `expected a Bedrock model or inference profile id such as us.amazon.nova-lite-v1:0, found "${showText(model.model)}"`,
      ),
    )
  else if (PROFILE.test(model.model) && model.regions === undefined)
    faults.push(
      at('regions', `is missing; "${showText(model.model)}" is an inference profile, expected its destination regions`),
    )
  if (model.apiKeySecret !== undefined) faults.push(at('apiKeySecret', 'bedrock models use the IAM role, not a key'))
  if (model.baseUrl !== undefined) faults.push(at('baseUrl', 'bedrock models have no base URL'))
  return faults
}

/** The same name twice is load balancing to LiteLLM: fine for one provider model in two places, a slip for two equal entries. */
function sameModelNames({ models }: Config): readonly Fault[] {
  const seen = new Set<string>()
  return models.flatMap((model, index) => {
    const key = JSON.stringify([model.name, model.provider, model.model, model.baseUrl])
    if (!seen.has(key)) {
      seen.add(key)
      return []
    }
    return [{ path: ['models', index, 'name'], message: `"${showText(model.name)}" stands twice with the same model` }]
  })
}
