import type { KubeObject } from '../../../src/ports/index.ts'

type Bag = Readonly<Record<string, unknown>>

/** A container that every policy is content with. */
export const good: Bag = {
  name: 'app',
  image: 'ghcr.io/berriai/litellm:v1.2.3',
  resources: { requests: { cpu: '10m', memory: '16Mi' }, limits: { cpu: '100m', memory: '16Mi' } },
  livenessProbe: { httpGet: { path: '/', port: 80 } },
  readinessProbe: { httpGet: { path: '/', port: 80 } },
  securityContext: {
    allowPrivilegeEscalation: false,
    runAsNonRoot: true,
    readOnlyRootFilesystem: true,
    capabilities: { drop: ['ALL'] },
  },
}

export const container = (over: Bag = {}): Bag => ({ ...good, ...over })

/** A copy without these fields. */
export const without = (bag: Bag, ...fields: readonly string[]): Bag =>
  Object.fromEntries(Object.entries(bag).filter(([field]) => !fields.includes(field)))

const LABELS = {
  'app.kubernetes.io/name': 'app',
  'app.kubernetes.io/version': '1.2.3',
  'app.kubernetes.io/component': 'web',
  'app.kubernetes.io/part-of': 'llm-gateway',
}

interface Place {
  readonly name?: string
  readonly namespace?: string
  readonly labels?: Bag
}

const metadata = ({ name = 'app', namespace = 'litellm', labels = LABELS }: Place) =>
  ({ name, namespace, labels }) as KubeObject['metadata']

export function pod(spec: Bag, place: Place = {}): KubeObject {
  return { apiVersion: 'v1', kind: 'Pod', metadata: metadata(place), spec }
}

/** The same pod as every kind that makes pods has it. */
export function inEveryKind(spec: Bag): readonly KubeObject[] {
  const template = { metadata: { labels: { app: 'app' } }, spec }
  const selector = { matchLabels: { app: 'app' } }
  return [
    pod(spec),
    workload('Deployment', { selector, template }),
    workload('StatefulSet', { selector, serviceName: 'app', template }),
    workload('DaemonSet', { selector, template }),
    { apiVersion: 'batch/v1', kind: 'Job', metadata: metadata({}), spec: { template } },
    {
      apiVersion: 'batch/v1',
      kind: 'CronJob',
      metadata: metadata({}),
      spec: { schedule: '0 0 * * *', jobTemplate: { spec: { template } } },
    },
  ]
}

export function workload(kind: string, spec: Bag, place: Place = {}): KubeObject {
  return { apiVersion: 'apps/v1', kind, metadata: metadata(place), spec }
}

export const deployment = (podSpec: Bag, place: Place = {}): KubeObject =>
  workload(
    'Deployment',
    { selector: { matchLabels: { app: 'app' } }, template: { metadata: { labels: { app: 'app' } }, spec: podSpec } },
    place,
  )
