import { isTree, type ProxyFault, type Subject } from './fault.ts'

const REFERENCE = /^os\.environ\/(.*)$/
/** Keys whose value is a secret, wherever they stand. */
const SECRET_KEY = /^(master_key|api_key|database_url|.*password|.*_secret|.*_token|aws_secret_access_key)$/
/** Accepted by the client library in the place of a key that an API does not want. */
const NO_SECRET = new Set(['none', ''])

/** References to variables that the pod does not have, and secrets in plain text. */
export function secretFaults(subject: Subject): readonly ProxyFault[] {
  return [...leaves(subject.proxy, '')].flatMap(({ path, key, text }) => {
    const variable = REFERENCE.exec(text)?.[1]
    if (variable !== undefined) return subject.variables.has(variable) ? [] : [unset(path, variable)]
    return SECRET_KEY.test(key) && !NO_SECRET.has(text) ? [plain(path)] : []
  })
}

/** Each text in the file, with its place and the key it stands under. */
function* leaves(value: unknown, path: string, key = ''): Generator<{ path: string; key: string; text: string }> {
  if (typeof value === 'string') yield { path, key, text: value }
  if (Array.isArray(value)) for (const [index, item] of value.entries()) yield* leaves(item, `${path}[${index}]`, key)
  if (isTree(value))
    for (const [name, item] of Object.entries(value)) yield* leaves(item, path === '' ? name : `${path}.${name}`, name)
}

function unset(path: string, variable: string): ProxyFault {
  return {
    severity: 'error',
    code: 'GatewayVariableUnset',
    path,
    message: `os.environ/${variable}: the pod has no such variable, and every call that needs it would fail`,
    fix: 'name the logical secret in apiKeySecret of the model, or add the variable to the pod',
  }
}

function plain(path: string): ProxyFault {
  return {
    severity: 'error',
    code: 'GatewaySecretInPlainText',
    path,
    message: 'holds a secret in plain text: this file becomes a ConfigMap that many may read',
    fix: 'put the value into AWS Secrets Manager, name it in secrets.items, and refer to it as os.environ/NAME',
  }
}

/** LiteLLM refuses to start without a good master key, and takes one that its own documentation calls wrong. */
export function masterKeyFaults({ proxy }: Subject): readonly ProxyFault[] {
  const general = isTree(proxy.general_settings) ? proxy.general_settings : {}
  const key = general.master_key
  const path = 'general_settings.master_key'
  const fix = 'leave it to llmgw: general_settings.master_key: os.environ/LITELLM_MASTER_KEY'
  if (general.dangerously_permit_weak_or_unset_master_key === true)
    return [{ severity: 'error', code: 'GatewayMasterKey', path, message: 'may be weak or absent', fix }]
  if (typeof key === 'string' && REFERENCE.test(key)) return []
  return [{ severity: 'error', code: 'GatewayMasterKey', path, message: 'does not come from the Secret', fix }]
}
