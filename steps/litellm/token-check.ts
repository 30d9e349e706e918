import type { Config } from '../../src/config/schema.ts'
import type { Services } from '../../src/ports/index.ts'
import type { Values } from '../helm-release/merge-values.ts'
import type { EnvVar } from './env-var.ts'
import { moduleValues, type PythonModule } from './python-module.ts'

type Settings = Extract<Config['auth']['gateway'], { mode: 'custom-jwt' }>

/** The module that checks tokens. */
export const TOKENS_MODULE: PythonModule = {
  name: 'llmgw_tokens',
  asset: 'manifests/litellm/llmgw_tokens.py',
  configMap: 'litellm-token-check',
  volume: 'token-check',
  mark: 'llmgw.dev/token-check',
}

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
    general: { custom_auth: `${TOKENS_MODULE.name}.check`, custom_auth_run_common_checks: true },
    litellm: { enable_post_custom_auth_checks: true },
  }
}

/** The module itself, where tokens are checked by it. */
export async function tokenCheckValues({ config, assets }: Services): Promise<Values> {
  return settingsOf(config) === undefined ? {} : await moduleValues(TOKENS_MODULE, assets)
}
