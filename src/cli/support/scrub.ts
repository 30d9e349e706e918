import type { KubeObject } from '../../ports/index.ts'
import { redact, registerSecret } from '../../secret.ts'

const MASK = '***'

/** What looks like a secret although nobody told us: keys of providers and of AWS, tokens, passwords in addresses and assignments. */
const LOOKS_SECRET: readonly (readonly [RegExp, string])[] = [
  [/-----BEGIN [A-Z ]*PRIVATE KEY-----[\s\S]*?-----END [A-Z ]*PRIVATE KEY-----/g, MASK],
  [/\beyJ[\w-]{8,}\.[\w-]{8,}\.[\w-]{4,}/g, MASK],
  [/\bsk-[\w-]{12,}/g, MASK],
  [/\b(?:AKIA|ASIA)[A-Z0-9]{16}\b/g, MASK],
  [/\b(Bearer|Basic) [\w.~+/-]{8,}=*/gi, `$1 ${MASK}`],
  [/([a-z][\w+.-]*:\/\/[^/\s:@"']*):[^/\s@"']+@/gi, `$1:${MASK}@`],
  [/((?:password|passwd|secret|token|api[_-]?key)["']?\s*[:=]\s*["']?)[^\s"',}{[\]]{4,}/gi, `$1${MASK}`],
]

/** Text without known secret values, and without what looks like one. */
export function scrubbed(text: string): string {
  return LOOKS_SECRET.reduce((clean, [pattern, by]) => clean.replace(pattern, by), redact(text))
}

/** Makes every value of these Secrets known, in all forms in which text may hold it. */
export function knowValues(secrets: readonly KubeObject[]): void {
  for (const secret of secrets) {
    if (secret.type === HELM_RELEASE) continue
    for (const encoded of Object.values((secret.data ?? {}) as Readonly<Record<string, string>>)) {
      const value = Buffer.from(encoded, 'base64').toString('utf8')
      for (const form of [value, value.trim(), JSON.stringify(value).slice(1, -1)]) registerSecret(form)
    }
  }
}

const HELM_RELEASE = 'helm.sh/release.v1'
const LAST_APPLIED = 'kubectl.kubernetes.io/last-applied-configuration'
const NAMES_SECRET = /key|token|password|passwd|secret|credential/i

/** An object without values of Secrets, plain-text passwords in environments, and what only the API server needs. */
export function strippedObject(object: KubeObject): KubeObject {
  const { metadata, ...rest } = object
  const { managedFields, annotations, ...kept } = metadata
  const managers = (managedFields ?? []).map(({ manager, operation, time }) => ({ manager, operation, time }))
  const bare = {
    ...rest,
    metadata: {
      ...kept,
      ...(annotations && { annotations: without(annotations, LAST_APPLIED) }),
      ...(managers.length > 0 && { managedBy: managers }),
    },
  } as KubeObject
  return object.kind === 'Secret' ? strippedSecret(bare) : (maskedEnvironment(bare) as KubeObject)
}

function without(values: Readonly<Record<string, string>>, name: string): Readonly<Record<string, string>> {
  return Object.fromEntries(Object.entries(values).filter(([key]) => key !== name))
}

/** Names of the keys stay: which one is lacking is what a reader looks for. */
function strippedSecret({ data, stringData, ...rest }: KubeObject): KubeObject {
  const names = Object.keys({ ...(data as object | undefined), ...(stringData as object | undefined) })
  return { ...rest, data: Object.fromEntries(names.map((name) => [name, MASK])) } as KubeObject
}

/** `{ name: X_KEY, value: … }` anywhere in an object. */
function maskedEnvironment(value: unknown): unknown {
  if (Array.isArray(value)) return value.map(maskedEnvironment)
  if (typeof value !== 'object' || value === null) return value
  const entries = Object.entries(value).map(([key, child]): [string, unknown] => [key, maskedEnvironment(child)])
  const { name, value: text } = value as { readonly name?: unknown; readonly value?: unknown }
  const isSecret = typeof name === 'string' && typeof text === 'string' && NAMES_SECRET.test(name)
  return Object.fromEntries(entries.map(([key, child]) => [key, isSecret && key === 'value' ? MASK : child]))
}
