import { endpointsOf, isReady, slicesOf } from '../../src/ports/endpoints.ts'
import type { KubeObject, ObjectRef } from '../../src/ports/index.ts'
import { type LabelExpression, WEBHOOK_CONFIGURATIONS, type Webhook, webhooksOf } from '../../src/ports/webhooks.ts'
import { namespaceNames } from '../names.ts'
import type { DoctorCheck, DoctorContext } from './finding.ts'

/** What a deploy writes; a webhook that is asked about none of it holds up nobody here. */
const WRITTEN = [
  'pods',
  'deployments',
  'statefulsets',
  'daemonsets',
  'replicasets',
  'jobs',
  'services',
  'configmaps',
  'secrets',
]

/** No admission webhook that nobody answers stands in the way of what is written. */
export const webhooks: DoctorCheck = {
  id: 'webhooks',
  title: 'Admission webhooks',
  asks: 'cluster',
  async run(ctx) {
    const { kube, signal } = ctx
    const [namespaces, ...lists] = await Promise.all([
      kube.list({ apiVersion: 'v1', kind: 'Namespace' }, signal),
      ...WEBHOOK_CONFIGURATIONS.map((kind) => kube.list(kind, signal)),
    ])
    const names = namespaceNames(ctx.config)
    const own = names.map((name) => namespaces.find(({ metadata }) => metadata.name === name) ?? unmade(name))
    const concerned = lists.flat().flatMap((owner) =>
      webhooksOf(owner)
        .filter((webhook) => mayBlock(webhook) && own.some((namespace) => selects(webhook, namespace)))
        .map((webhook) => ({ owner, webhook })),
    )
    const dead = (await Promise.all(concerned.map((one) => unserved(ctx, one)))).flatMap((one) => one ?? [])
    const [first] = dead
    if (first === undefined) {
      const asked = concerned.map(({ webhook }) => webhook.name)
      return {
        result: 'pass',
        evidence: asked.length === 0 ? 'none is asked about what is deployed' : `served: ${asked.join(', ')}`,
      }
    }
    return {
      result: 'fail',
      evidence: `asked about every write, and not served: ${dead.map(({ words }) => words).join('; ')}`,
      fix: `bring its component back, or, where that is gone for good: kubectl delete ${first.owner.kind.toLowerCase()} ${first.owner.metadata.name}`,
    }
  },
}

/** As the API server labels it. */
const unmade = (name: string): KubeObject => ({
  apiVersion: 'v1',
  kind: 'Namespace',
  metadata: { name, labels: { 'kubernetes.io/metadata.name': name } },
})

function mayBlock({ failurePolicy, rules = [] }: Webhook): boolean {
  if (failurePolicy === 'Ignore') return false
  return rules.some(
    ({ resources = [], operations = [] }) =>
      resources.some((one) => one === '*' || one === '*/*' || WRITTEN.includes(one)) &&
      operations.some((one) => one === '*' || one === 'CREATE' || one === 'UPDATE'),
  )
}

function selects({ namespaceSelector }: Webhook, { metadata: { labels = {} } }: KubeObject): boolean {
  const { matchLabels = {}, matchExpressions = [] } = namespaceSelector ?? {}
  return (
    Object.entries(matchLabels).every(([key, value]) => labels[key] === value) &&
    matchExpressions.every((expression) => holds(expression, labels))
  )
}

function holds({ key, operator, values = [] }: LabelExpression, labels: Readonly<Record<string, string>>): boolean {
  const value = labels[key]
  if (operator === 'Exists') return value !== undefined
  if (operator === 'DoesNotExist') return value === undefined
  const isIn = value !== undefined && values.includes(value)
  return operator === 'In' ? isIn : !isIn
}

interface Concerned {
  readonly owner: KubeObject
  readonly webhook: Webhook
}

async function unserved(
  { kube, signal }: DoctorContext,
  { owner, webhook }: Concerned,
): Promise<{ readonly owner: KubeObject; readonly words: string } | undefined> {
  const { service } = webhook.clientConfig
  if (service === undefined) return undefined
  const { name, namespace } = service
  const ref: ObjectRef = { apiVersion: 'v1', kind: 'Service', name, namespace }
  const there = await kube.find(ref, signal)
  const slices = await kube.list(slicesOf(namespace, name), signal)
  if (endpointsOf(name, slices).some(isReady)) return undefined
  const why = there === undefined ? 'is gone' : 'has no pod that is ready'
  return { owner, words: `${webhook.name} of ${owner.metadata.name} (Service ${namespace}/${name} ${why})` }
}
