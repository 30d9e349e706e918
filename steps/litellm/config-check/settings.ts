import { isTree, type ProxyFault, type Subject, type Tree } from './fault.ts'

const SETTINGS = ['general_settings', 'litellm_settings', 'router_settings'] as const

/** Sections and keys that LiteLLM does not read: it starts without a word, and without what they were to bring. */
export function unknownKeys({ proxy, facts }: Subject): readonly ProxyFault[] {
  const sections = Object.keys(proxy)
    .filter((key) => !facts.sections.includes(key))
    .map((key) => unknown({ key, path: key, known: facts.sections, severity: 'error', version: facts.version }))
  const keys = SETTINGS.flatMap((section) =>
    Object.keys(treeAt(proxy, section))
      .filter((key) => !facts[section].includes(key))
      .map((key) =>
        unknown({ key, path: `${section}.${key}`, known: facts[section], severity: 'warning', version: facts.version }),
      ),
  )
  return [...sections, ...keys]
}

function unknown(found: {
  readonly key: string
  readonly path: string
  readonly known: readonly string[]
  readonly severity: ProxyFault['severity']
  readonly version: string
}): ProxyFault {
  const near = found.known.find((one) => isNear(one, found.key))
  return {
    // A slip of the pen is an error; a key that nobody here has heard of may be newer than this list.
    severity: near === undefined ? found.severity : 'error',
    code: 'GatewayKeyUnknown',
    path: found.path,
    message: `is nothing that LiteLLM ${found.version} reads${near === undefined ? '' : `; did you mean "${near}"?`}`,
    fix: near === undefined ? 'remove it, or look where it belongs in the LiteLLM documentation' : `write ${near}`,
  }
}

/** Equal but for one letter that is missing, added, wrong or in the place of its neighbour. */
function isNear(one: string, other: string): boolean {
  if (Math.abs(one.length - other.length) > 1) return false
  let start = 0
  while (start < one.length && one[start] === other[start]) start += 1
  let end = 0
  while (end < Math.min(one.length, other.length) - start && one.at(-1 - end) === other.at(-1 - end)) end += 1
  const [left, right] = [one.slice(start, one.length - end), other.slice(start, other.length - end)]
  return Math.max(left.length, right.length) <= 1 || (left.length === 2 && left === [...right].reverse().join(''))
}

function treeAt(tree: Tree, key: string): Tree {
  const value = tree[key]
  return isTree(value) ? value : {}
}

/** A name that LiteLLM knows no callback for is taken for a module, and the proxy does not start. */
export function callbackFaults({ proxy, facts }: Subject): readonly ProxyFault[] {
  const settings = treeAt(proxy, 'litellm_settings')
  return ['callbacks', 'success_callback', 'failure_callback', 'service_callback'].flatMap((key) =>
    [settings[key] ?? []]
      .flat()
      .filter((name): name is string => typeof name === 'string')
      .filter((name) => !(name.includes('.') || facts.callbacks.includes(name) || name === 'prometheus_system'))
      .map((name) => ({
        severity: 'warning' as const,
        code: 'GatewayCallbackUnknown',
        path: `litellm_settings.${key}`,
        message: `"${name}" is no callback that LiteLLM ${facts.version} has by itself`,
        fix: 'correct the name, or name a module of yours as file.instance',
      })),
  )
}

/** Ways in that are not what they seem. */
export function authFaults({ proxy, variables }: Subject): readonly ProxyFault[] {
  const general = treeAt(proxy, 'general_settings')
  const faults: ProxyFault[] = []
  if (general.enable_jwt_auth === true && !variables.has('LITELLM_LICENSE'))
    faults.push({
      severity: 'error',
      code: 'GatewayLicenceMissing',
      path: 'general_settings.enable_jwt_auth',
      message: 'wants a licence: without one the gateway starts, is ready, and refuses every token',
      fix: 'set auth.gateway.mode to enterprise-jwt, which asks for the licence',
    })
  if (general.custom_auth !== undefined && general.custom_auth_run_common_checks !== true)
    faults.push({
      severity: 'error',
      code: 'GatewayChecksSkipped',
      path: 'general_settings.custom_auth',
      message: 'without custom_auth_run_common_checks: true every caller may use administrative routes',
      fix: 'add custom_auth_run_common_checks: true beside it',
    })
  return faults
}
