import type { KubeObject } from './kube.ts'

/** Objects that say who is asked about writes. */
export const WEBHOOK_CONFIGURATIONS = ['ValidatingWebhookConfiguration', 'MutatingWebhookConfiguration'].map(
  (kind) => ({ apiVersion: 'admissionregistration.k8s.io/v1', kind }),
)

/** Who is asked, and about what. Source: Kubernetes API reference, admissionregistration.k8s.io/v1. */
export interface Webhook {
  readonly name: string
  /** Absent = `Fail`. */
  readonly failurePolicy?: 'Fail' | 'Ignore'
  /** Absent = 10. */
  readonly timeoutSeconds?: number
  readonly clientConfig: WebhookClient
  readonly rules?: readonly WebhookRule[]
  readonly namespaceSelector?: LabelSelector
}

/** Where it is called; without a Service, somewhere outside of the cluster. */
export interface WebhookClient {
  readonly caBundle?: string
  readonly service?: { readonly name: string; readonly namespace: string }
}

interface WebhookRule {
  readonly apiGroups?: readonly string[]
  readonly resources?: readonly string[]
  readonly operations?: readonly string[]
}

interface LabelSelector {
  readonly matchLabels?: Readonly<Record<string, string>>
  readonly matchExpressions?: readonly LabelExpression[]
}

/** One term of a label selector. */
export interface LabelExpression {
  readonly key: string
  readonly operator: string
  readonly values?: readonly string[]
}

/** The webhooks of a configuration. */
export const webhooksOf = (object: KubeObject): readonly Webhook[] =>
  (object.webhooks as readonly Webhook[] | null | undefined) ?? []
