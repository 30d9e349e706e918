import type { Config } from '../../src/config/schema.ts'
import type { Services } from '../../src/ports/index.ts'
import { configMark } from '../config-mark.ts'
import type { Values } from '../helm-release/merge-values.ts'
import type { EnvVar } from './environment.ts'

type Settings = Extract<Config['auth']['gateway'], { mode: 'custom-jwt' }>

/** The module that checks tokens, in Python: LiteLLM loads it from beside its configuration. */
const MODULE = { name: 'llmgw_tokens', asset: 'manifests/litellm/llmgw_tokens.py', configMap: 'litellm-token-check' }
const FILE = `${MODULE.name}.py`

const settingsOf = ({ auth: { gateway } }: Config): Settings | undefined =>
  gateway.mode === 'custom-jwt' ? gateway : undefined

/** What the module is told; no secret is in it. */
export function tokenCheckEnvironment(config: Config): readonly EnvVar[] {
  const settings = settingsOf(config)
  if (settings === undefined) return []
  const { mode: _mode, models = config.models.map(({ name }) => name), ...rest } = settings
  return [{ name: 'LLMGW_TOKENS', value: JSON.stringify({ ...rest, models }) }]
}

/** Settings that make LiteLLM ask the module, and check what it returns. Source: LiteLLM documentation, custom auth permissions. */
export function tokenCheckSettings(config: Config): { readonly general: Values; readonly litellm: Values } {
  if (settingsOf(config) === undefined) return { general: {}, litellm: {} }
  return {
    general: { custom_auth: `${MODULE.name}.check`, custom_auth_run_common_checks: true },
    litellm: { enable_post_custom_auth_checks: true },
  }
}

/** The module as a ConfigMap of the release, and a mark that rolls the pods when it differs: a file by subPath stays as it was. */
export async function tokenCheckValues({ config, assets }: Services): Promise<Values> {
  if (settingsOf(config) === undefined) return {}
  const text = await assets.text(MODULE.asset)
  return {
    extraResources: [
      { apiVersion: 'v1', kind: 'ConfigMap', metadata: { name: MODULE.configMap }, data: { [FILE]: text } },
    ],
    gateway: { podAnnotations: { 'llmgw.dev/token-check': configMark(text) } },
  }
}

/** Puts the module beside the configuration file, and leaves the volumes that are there. */
export function tokenCheckMounts(values: Values): Values {
  const { extraResources, gateway } = values as {
    readonly extraResources?: readonly { readonly metadata: { readonly name: string } }[]
    readonly gateway?: { readonly volumes?: readonly unknown[]; readonly volumeMounts?: readonly unknown[] }
  }
  if (!extraResources?.some(({ metadata }) => metadata.name === MODULE.configMap)) return {}
  const mount = { name: 'token-check', mountPath: `/app/config/${FILE}`, subPath: FILE, readOnly: true }
  return {
    gateway: {
      volumes: [...(gateway?.volumes ?? []), { name: 'token-check', configMap: { name: MODULE.configMap } }],
      volumeMounts: [...(gateway?.volumeMounts ?? []), mount],
    },
  }
}
