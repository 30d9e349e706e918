import type { Cause } from '../../src/engine/step.ts'
import type { KubeObject } from '../../src/ports/index.ts'
import { aboutOf, nameOf, type Rule, refTo, type Scene } from './scene.ts'

interface Refusal {
  readonly pattern: RegExp
  readonly explain: (
    match: RegExpExecArray,
    words: string,
    namespace: string,
  ) => Pick<Cause, 'code' | 'message' | 'hint'>
}

/** How an API server words why pods are not made. Sources: k8s.io/apiserver admission plugins resourcequota, podsecurity, limitranger, webhook/errors. */
const REFUSALS: readonly Refusal[] = [
  {
    pattern: /exceeded quota: ([^,]+), requested: ([^,]+(?:,[^,:]+=[^,]+)*), used: .*/,
    explain: ([, quota = ''], words, namespace) => ({
      code: 'QuotaExceeded',
      message: `quota ${quota} of namespace ${namespace} is exhausted: ${words.slice(words.indexOf('requested:'))}`,
      hint: `kubectl describe resourcequota ${quota} -n ${namespace}`,
    }),
  },
  {
    pattern: /violates PodSecurity "([^"]+)": (.*)/,
    explain: ([, level = '', why = ''], _words, namespace) => ({
      code: 'PodSecurityDenied',
      message: `namespace ${namespace} allows only pods of PodSecurity ${level}: ${why}`,
      hint: `kubectl get namespace ${namespace} --show-labels; llmgw deploy namespaces`,
    }),
  },
  {
    pattern: /admission webhook "([^"]+)" denied the request: (.*)/s,
    explain: ([, webhook = '', why = '']) => ({
      code: 'AdmissionDenied',
      message: `admission webhook "${webhook}" refuses it: ${why.trim()}`,
      hint: 'mend what the policy asks for, or the policy: llmgw status policies',
    }),
  },
  {
    pattern: /serviceaccount "([^"]+)" not found/,
    explain: ([, account = ''], _words, namespace) => ({
      code: 'ServiceAccountMissing',
      message: `ServiceAccount ${namespace}/${account} is not there`,
      hint: `kubectl get serviceaccounts -n ${namespace}`,
    }),
  },
]

/** Pods that are refused: by whom, and why, in one sentence. */
export const whoRefuses: Rule = async (cause, scene) => {
  if (cause.code !== 'FailedCreate' || cause.about === undefined) return undefined
  const words = [cause.message, ...(cause.evidence ?? [])].join(' ')
  const dead = await unserved(words, scene)
  if (dead) return dead
  for (const { pattern, explain } of REFUSALS) {
    const match = pattern.exec(cause.evidence?.[0] ?? cause.message)
    if (match)
      return {
        ...explain(match, match[0], cause.about.namespace ?? ''),
        evidence: cause.evidence ?? [],
        about: cause.about,
      }
  }
  return undefined
}

const UNCALLED = /failed calling webhook "([^"]+)"/

/** A webhook that cannot be called: what is wrong with whom it should reach. */
export const deadWebhook: Rule = async (cause, scene) =>
  cause.code === 'WebhookUnserved'
    ? undefined
    : await unserved([cause.message, ...(cause.evidence ?? [])].join(' '), scene)

interface Webhook {
  readonly name: string
  readonly failurePolicy?: string
  readonly clientConfig: { readonly service?: { readonly name: string; readonly namespace: string } }
}

async function unserved(words: string, scene: Scene): Promise<Cause | undefined> {
  const name = (UNCALLED.exec(words) ?? /admission webhook "([^"]+)" does not answer/.exec(words))?.[1]
  if (name === undefined) return undefined
  const lists = await Promise.all(
    ['ValidatingWebhookConfiguration', 'MutatingWebhookConfiguration'].map((kind) =>
      scene.kube.list({ apiVersion: 'admissionregistration.k8s.io/v1', kind }, scene.signal),
    ),
  )
  const owner = lists.flat().find((one) => webhooksOf(one).some((webhook) => webhook.name === name))
  const service = owner && webhooksOf(owner).find((webhook) => webhook.name === name)?.clientConfig.service
  if (owner === undefined || service === undefined) return undefined
  const ref = { apiVersion: 'v1', kind: 'Service', ...service }
  const found = await scene.kube.find(ref, scene.signal)
  const state = found === undefined ? 'is gone' : 'does not answer'
  return {
    code: 'WebhookUnserved',
    message: `admission webhook "${name}" is asked about every such write, and ${nameOf(ref)}, which should answer it, ${state}`,
    evidence: [words],
    hint:
      found === undefined
        ? `bring its component back, or remove what nobody serves: kubectl delete ${owner.kind.toLowerCase()} ${owner.metadata.name}`
        : `kubectl get endpointslices,pods -n ${service.namespace}`,
    about: aboutOf(refTo(owner)),
  }
}

const webhooksOf = (object: KubeObject): readonly Webhook[] => (object.webhooks ?? []) as readonly Webhook[]
