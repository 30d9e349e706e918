import { createHash } from 'node:crypto'
import { isTree, type Tree, valueAt } from './merge.ts'
import type { Config } from './schema.ts'
import { type Choices, secretDefaults } from './secret-catalog.ts'
import { authDefaults } from './sections/auth.ts'
import { databaseDefaults } from './sections/database.ts'
import { gatewayDefaults } from './sections/gateway.ts'
import { guardrailsDefaults } from './sections/guardrails.ts'
import { monitoringDefaults } from './sections/monitoring.ts'
import { networkPoliciesDefaults } from './sections/network-policies.ts'
import { policyDefaults } from './sections/policies.ts'
import { tracingDefaults } from './sections/tracing.ts'
import { uiDefaults } from './sections/ui.ts'

/** What a preset says before any choice is made. */
const STARTING_POINT = {
  platform: {
    ui: 'open-webui',
    database: 'external',
    cache: 'redis-ha',
    uiLogin: 'oidc',
    gatewayAuth: 'shared-key',
    monitoring: 'kube-prometheus-stack',
    tracing: 'jaeger',
    policies: 'gatekeeper',
    guardrails: 'none',
  },
  lean: {
    ui: 'open-webui',
    database: 'none',
    cache: 'none',
    uiLogin: 'local',
    gatewayAuth: 'shared-key',
    monitoring: 'none',
    tracing: 'none',
    policies: 'none',
    guardrails: 'none',
  },
} as const

const NAMESPACES: Readonly<Record<Config['preset'], Config['namespaces']>> = {
  platform: {
    gateway: 'litellm',
    ui: 'open-webui',
    monitoring: 'monitoring',
    secrets: 'external-secrets',
    policy: 'gatekeeper-system',
  },
  lean: {
    gateway: 'llm-gateway',
    ui: 'llm-gateway',
    monitoring: 'llm-gateway',
    secrets: 'external-secrets',
    policy: 'gatekeeper-system',
  },
}

/** Destination regions of the `us.` inference profiles below. Source: Amazon Bedrock user guide, supported inference profiles. */
const US_DESTINATIONS = ['us-east-1', 'us-east-2', 'us-west-2']

/** The choices that these values make, with the preset's where they make none; wrong values fall back, validation reports them. */
export function choicesOf(tree: Tree): Choices {
  const text = (...path: string[]) => {
    const value = valueAt(tree, path)
    return typeof value === 'string' && value.length <= 200 ? value : undefined
  }
  const preset = text('preset') === 'lean' ? 'lean' : 'platform'
  const start = STARTING_POINT[preset]
  const kind = (section: 'ui' | 'database' | 'cache' | 'monitoring' | 'tracing' | 'policies' | 'guardrails') =>
    text(section, 'kind') ?? start[section]
  return {
    preset,
    deployment: text('deployment') ?? 'llmgw',
    region: text('aws', 'region') ?? '',
    cluster: text('cluster', 'name') ?? '',
    ui: kind('ui'),
    uiDatabase: text('ui', 'database') ?? 'sqlite',
    uiScaled: Number(valueAt(tree, ['ui', 'replicas'])) > 1,
    database: kind('database'),
    cache: kind('cache'),
    uiLogin: text('auth', 'ui') ?? start.uiLogin,
    monitoring: kind('monitoring'),
    tracing: kind('tracing'),
    gatewayAuth: text('auth', 'gateway', 'mode') ?? start.gatewayAuth,
    policies: kind('policies'),
    guardrails: kind('guardrails'),
  }
}

/** Default values, nothing more: all that a configuration with these choices leaves out. */
export function presetDefaults(choices: Choices): Tree {
  return {
    preset: choices.preset,
    deployment: choices.deployment,
    cluster: { connection: { kind: 'eks' } },
    namespaces: namespacesOf(choices),
    storage: { className: 'gp3', manage: 'ask' },
    irsa: irsaDefaults(choices),
    secrets: {
      layout: 'split',
      bundle: 'llm-gateway/api-keys',
      prefix: '',
      storeName: 'aws-secrets-manager',
      refreshInterval: '1h',
      ...secretDefaults(choices),
    },
    models: modelDefaults(choices),
    gateway: gatewayDefaults(choices.preset),
    ui: uiDefaults(choices.ui),
    database: databaseDefaults(choices.database),
    cache:
      choices.cache === 'redis-ha'
        ? { kind: 'redis-ha', replicas: 3, storage: '4Gi', memory: '512Mi' }
        : { kind: choices.cache },
    monitoring: monitoringDefaults(choices.monitoring),
    tracing: tracingDefaults(choices.tracing),
    auth: authDefaults(choices.uiLogin, choices.gatewayAuth),
    guardrails: guardrailsDefaults(choices.guardrails),
    networkPolicies: networkPoliciesDefaults,
    policies: policyDefaults(choices.policies),
    charts: {},
    components: {},
    timeouts: { step: '10m', run: '60m', helm: '5m' },
  }
}

/** The node exporter takes its namespace every Pod Security level: workloads have to live elsewhere. */
function namespacesOf({ preset, monitoring }: Choices): Config['namespaces'] {
  const names = NAMESPACES[preset]
  return monitoring === 'none' ? names : { ...names, monitoring: NAMESPACES.platform.monitoring }
}

/**
 * What follows from other values: the format of an added secret from its class, and the Kubernetes Secret of a
 * model's API key, which the gateway must see.
 */
export function completed(tree: Tree): Tree {
  const secrets = tree.secrets
  if (!isTree(secrets) || !isTree(secrets.items) || !Array.isArray(secrets.synced)) return tree
  const items = Object.entries(secrets.items).map(([name, item]) => [
    name,
    isTree(item) && item.class === 'provided' ? { format: 'text', ...item } : item,
  ])
  const synced = withModelKeys(secrets.synced, modelKeys(tree, secrets.items))
  return { ...tree, secrets: { ...secrets, items: Object.fromEntries(items), synced } }
}

/** Logical secrets that models name and that exist; others are reported by validation. */
function modelKeys(tree: Tree, items: Tree): readonly string[] {
  const models = Array.isArray(tree.models) ? tree.models : []
  const names = models.map((model) => valueAt(model, ['apiKeySecret']))
  return [...new Set(names)].filter((name): name is string => typeof name === 'string' && Object.hasOwn(items, name))
}

function withModelKeys(synced: readonly unknown[], names: readonly string[]): readonly unknown[] {
  const known = new Set(synced.flatMap((secret) => Object.values((valueAt(secret, ['keys']) as object | null) ?? {})))
  const added = names.filter((name) => !known.has(name)).map((name) => [name, name] as const)
  if (added.length === 0) return synced
  const isGateway = (secret: unknown) => valueAt(secret, ['name']) === 'litellm-secrets'
  return synced.map((secret) =>
    isTree(secret) && isGateway(secret) && isTree(secret.keys)
      ? { ...secret, keys: { ...secret.keys, ...Object.fromEntries(added) } }
      : secret,
  )
}

function irsaDefaults({ deployment, cluster }: Choices): Config['irsa'] {
  return {
    gateway: { roleName: roleName(deployment, cluster, 'gateway'), serviceAccount: 'litellm-sa' },
    externalSecrets: {
      roleName: roleName(deployment, cluster, 'external-secrets'),
      serviceAccount: 'external-secrets',
    },
  }
}

/** IAM names end at 64 characters and roles are account-wide: a long name is cut and made unique by a digest. */
function roleName(deployment: string, cluster: string, part: string): string {
  const full = `${deployment}-${cluster}-${part}`
  if (full.length <= 64) return full
  const digest = createHash('sha256').update(full).digest('hex').slice(0, 8)
  return `${`${deployment}-${cluster}`.slice(0, 64 - part.length - digest.length - 2)}-${digest}-${part}`
}

/** Cross-region profiles exist by continent; elsewhere than in the US the models must be listed. */
function modelDefaults({ region }: Choices): Config['models'] {
  if (!/^us-(east|west)-/.test(region)) return []
  return [
    {
      name: 'claude-sonnet',
      provider: 'bedrock',
      model: 'us.anthropic.claude-sonnet-4-5-20250929-v1:0',
      regions: US_DESTINATIONS,
      maxTokens: 8192,
    },
    {
      name: 'claude-haiku',
      provider: 'bedrock',
      model: 'us.anthropic.claude-haiku-4-5-20251001-v1:0',
      regions: US_DESTINATIONS,
      maxTokens: 8192,
    },
    {
      name: 'nova-lite',
      provider: 'bedrock',
      model: 'us.amazon.nova-lite-v1:0',
      regions: US_DESTINATIONS,
      maxTokens: 4096,
    },
  ]
}
