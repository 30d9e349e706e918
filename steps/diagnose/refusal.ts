import type { Cause } from '../../src/engine/step.ts'
import { endpointsOf, isReady, slicesOf } from '../../src/ports/endpoints.ts'
import type { ObjectRef } from '../../src/ports/index.ts'
import { WEBHOOK_CONFIGURATIONS, type Webhook, webhooksOf } from '../../src/ports/webhooks.ts'
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
    // Source: k8s.io/kubernetes plugin/pkg/admission/limitranger/admission.go
    pattern: /((?:maximum|minimum) \S+ usage per \w+ is .*|\S+ max limit to request ratio per \w+ is .*)/s,
    explain: ([, why = ''], _words, namespace) => ({
      code: 'LimitRangeExceeded',
      message: `a LimitRange of namespace ${namespace} does not allow it: ${why.replace(/^\[|\]$/g, '').trim()}`,
      hint: `kubectl describe limitrange -n ${namespace}; ask for what it allows with components.NAME.values, or have it changed`,
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
  const words = [cause.message, ...(cause.evidence ?? [])].join('\n')
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
    : await unserved([cause.message, ...(cause.evidence ?? [])].join('\n'), scene)

async function unserved(words: string, scene: Scene): Promise<Cause | undefined> {
  const name = (UNCALLED.exec(words) ?? /admission webhook "([^"]+)" does not answer/.exec(words))?.[1]
  if (name === undefined) return undefined
  const lists = await Promise.all(WEBHOOK_CONFIGURATIONS.map((kind) => scene.kube.list(kind, scene.signal)))
  const owner = lists.flat().find((one) => webhooksOf(one).some((webhook) => webhook.name === name))
  const webhook = owner && webhooksOf(owner).find((one) => one.name === name)
  const service = webhook?.clientConfig.service
  if (owner === undefined || webhook === undefined || service === undefined) return undefined
  const { name: serviceName, namespace } = service
  const ref = { apiVersion: 'v1', kind: 'Service', name: serviceName, namespace }
  const state = await stateOf(ref, { words, webhook }, scene)
  return {
    code: 'WebhookUnserved',
    message: `admission webhook "${name}" is asked about every such write, and ${nameOf(ref)}, which should answer it, ${state}`,
    evidence: [words],
    hint:
      state === GONE
        ? `bring its component back, or remove what nobody serves: kubectl delete ${owner.kind.toLowerCase()} ${owner.metadata.name}`
        : `kubectl get endpointslices,pods -n ${namespace}`,
    about: aboutOf(refTo(owner)),
  }
}

const GONE = 'is gone'

/** Source of the words: k8s.io/apiserver/pkg/admission/plugin/webhook: the deadline of the call is `timeoutSeconds`, 10 unless set. */
async function stateOf(
  ref: ObjectRef & { readonly namespace: string },
  { words, webhook }: { readonly words: string; readonly webhook: Webhook },
  { kube, signal }: Scene,
): Promise<string> {
  if ((await kube.find(ref, signal)) === undefined) return GONE
  const slices = await kube.list(slicesOf(ref.namespace, ref.name), signal)
  if (!endpointsOf(ref.name, slices).some(isReady)) return 'has no pod that is ready'
  if (/deadline exceeded|timeout/i.test(words)) return `does not answer within ${webhook.timeoutSeconds ?? 10} s`
  const tls = /x509: [^"\n]*/.exec(words)?.[0]
  return tls === undefined ? 'does not answer' : `is not trusted: ${tls}`
}
