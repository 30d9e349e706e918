import type { Config } from '../../src/config/schema.ts'
import type { Services } from '../../src/ports/index.ts'
import type { Values } from '../helm-release/merge-values.ts'
import type { EnvVar } from './env-var.ts'
import { moduleValues, type PythonModule } from './python-module.ts'

/** Rules about words, as LiteLLM runs them. */
export type Rules = Extract<Config['guardrails'], { kind: 'rules' }>

/** Name under which LiteLLM lists them. */
export const GUARDRAIL = 'llmgw-rules'

/** The module that keeps the rules. */
export const GUARDRAILS_MODULE: PythonModule = {
  name: 'llmgw_guardrails',
  asset: 'manifests/litellm/llmgw_guardrails.py',
  configMap: 'litellm-guardrails',
  volume: 'guardrails',
  mark: 'llmgw.dev/guardrails',
}

const rulesOf = ({ guardrails }: Config): Rules | undefined => (guardrails.kind === 'rules' ? guardrails : undefined)

/** What the module is told. */
export function guardrailsEnvironment(config: Config): readonly EnvVar[] {
  const rules = rulesOf(config)
  if (rules === undefined) return []
  const { kind: _kind, ...settings } = rules
  return [{ name: 'LLMGW_GUARDRAILS', value: JSON.stringify(settings) }]
}

/** LiteLLM's section that loads the module; absent without rules. Source: LiteLLM documentation, custom guardrails. */
export function guardrailsSection(config: Config): { readonly guardrails?: readonly Values[] } {
  if (rulesOf(config) === undefined) return {}
  const guardrail = `${GUARDRAILS_MODULE.name}.Rules`
  const litellm_params = { guardrail, mode: ['pre_call', 'post_call'], default_on: true }
  return { guardrails: [{ guardrail_name: GUARDRAIL, litellm_params }] }
}

/** The module itself, where there are rules. */
export async function guardrailsValues({ config, assets }: Services): Promise<Values> {
  return rulesOf(config) === undefined ? {} : await moduleValues(GUARDRAILS_MODULE, assets)
}
