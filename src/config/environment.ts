import type { Path, Tree } from './merge.ts'

export type Environment = Readonly<Record<string, string | undefined>>

interface Variable {
  readonly name: string
  readonly path: Path
  readonly read?: (text: string) => unknown
}

/** Environment variables that set a value; the first of two that set the same one wins. Documented in docs/configuration.md. */
const VARIABLES: readonly Variable[] = [
  { name: 'AWS_REGION', path: ['aws', 'region'] },
  { name: 'AWS_ACCOUNT_ID', path: ['aws', 'accountId'] },
  { name: 'EKS_CLUSTER_NAME', path: ['cluster', 'name'] },
  { name: 'LLMGW_PRESET', path: ['preset'] },
  { name: 'LLMGW_DEPLOYMENT', path: ['deployment'] },
  { name: 'LLMGW_AWS_REGION', path: ['aws', 'region'] },
  { name: 'LLMGW_AWS_ACCOUNT_ID', path: ['aws', 'accountId'] },
  { name: 'LLMGW_AWS_PROFILE', path: ['aws', 'profile'] },
  { name: 'LLMGW_AWS_ENDPOINT_URL', path: ['aws', 'endpointUrl'] },
  { name: 'LLMGW_AWS_PERMISSIONS_BOUNDARY', path: ['aws', 'permissionsBoundary'] },
  { name: 'LLMGW_CLUSTER_NAME', path: ['cluster', 'name'] },
  { name: 'LLMGW_NAMESPACES_GATEWAY', path: ['namespaces', 'gateway'] },
  { name: 'LLMGW_NAMESPACES_UI', path: ['namespaces', 'ui'] },
  { name: 'LLMGW_NAMESPACES_MONITORING', path: ['namespaces', 'monitoring'] },
  { name: 'LLMGW_NAMESPACES_SECRETS', path: ['namespaces', 'secrets'] },
  { name: 'LLMGW_NAMESPACES_POLICY', path: ['namespaces', 'policy'] },
  { name: 'LLMGW_STORAGE_CLASS_NAME', path: ['storage', 'className'] },
  { name: 'LLMGW_STORAGE_MANAGE', path: ['storage', 'manage'] },
  { name: 'LLMGW_SECRETS_LAYOUT', path: ['secrets', 'layout'] },
  { name: 'LLMGW_SECRETS_BUNDLE', path: ['secrets', 'bundle'] },
  { name: 'LLMGW_SECRETS_PREFIX', path: ['secrets', 'prefix'] },
  { name: 'LLMGW_SECRETS_STORE_NAME', path: ['secrets', 'storeName'] },
  { name: 'LLMGW_SECRETS_REFRESH_INTERVAL', path: ['secrets', 'refreshInterval'] },
  { name: 'LLMGW_SECRETS_KMS_KEY_ARN', path: ['secrets', 'kmsKeyArn'] },
  { name: 'LLMGW_DATABASE', path: ['database', 'kind'] },
  { name: 'LLMGW_CACHE', path: ['cache', 'kind'] },
  { name: 'LLMGW_UI', path: ['ui', 'kind'] },
  { name: 'LLMGW_UI_URL', path: ['ui', 'url'] },
  { name: 'LLMGW_AUTH_UI', path: ['auth', 'ui'] },
  { name: 'LLMGW_MONITORING', path: ['monitoring', 'kind'] },
  { name: 'LLMGW_TRACING', path: ['tracing', 'kind'] },
  { name: 'LLMGW_CHARTS_MIRROR', path: ['charts', 'mirror'], read: mirror },
  { name: 'LLMGW_TIMEOUTS_STEP', path: ['timeouts', 'step'] },
  { name: 'LLMGW_TIMEOUTS_RUN', path: ['timeouts', 'run'] },
  { name: 'LLMGW_TIMEOUTS_HELM', path: ['timeouts', 'helm'] },
]

/** Values that say which account and cluster is meant: the environment may fill them, never contradict the file. */
export const PINS: readonly Path[] = [
  ['aws', 'accountId'],
  ['aws', 'region'],
  ['cluster', 'name'],
]

/** What the environment sets, each with the variable that sets it; an empty variable counts as not set. */
export function fromEnvironment(env: Environment): readonly { name: string; path: Path; value: unknown }[] {
  const taken = new Set<string>()
  return VARIABLES.flatMap(({ name, path, read }) => {
    const text = env[name]
    const key = path.join('.')
    if (text === undefined || text === '' || taken.has(key)) return []
    taken.add(key)
    return [{ name, path, value: read ? read(text) : text }]
  })
}

/** A mapping that holds these values. */
export function treeOf(values: readonly { readonly path: Path; readonly value: unknown }[]): Tree {
  let tree: Tree = {}
  for (const { path, value } of values) {
    const [group = '', key] = path.map(String)
    tree = { ...tree, [group]: key === undefined ? value : { ...(tree[group] as Tree), [key]: value } }
  }
  return tree
}

function mirror(text: string): Tree {
  if (text.startsWith('oci://')) return { kind: 'oci', url: text }
  return /^https?:\/\//.test(text) ? { kind: 'http', url: text } : { kind: 'directory', path: text }
}
