import type { KubeObject, ReleaseSpec } from '../../src/ports/index.ts'
import { readyWorkload } from './fake-helm.ts'
import { monitoringStack } from './fake-monitoring.ts'
import { labelsOf } from './fake-pods.ts'
import { service } from './fake-service.ts'

type Values = ReleaseSpec['values']

const at = (values: Values, ...path: string[]): unknown =>
  path.reduce<unknown>((here, key) => (here as Record<string, unknown> | undefined)?.[key], values)

/** Objects of the charts that the platform installs, as far as steps look at them. */
export function fakeCharts(spec: ReleaseSpec): readonly KubeObject[] {
  if (spec.chart === 'external-secrets') return operator(spec)
  if (spec.chart === 'kube-prometheus-stack') return monitoringStack(spec)
  if (spec.chart === 'jaeger') return jaeger(spec)
  if (spec.chart === 'gatekeeper') return gatekeeper(spec)
  if (spec.chart === 'redis-ha') return redis(spec)
  if (spec.chart === 'litellm') return litellm(spec)
  if (spec.chart === 'open-webui') return openWebUi(spec)
  return [readyWorkload('Deployment', spec.name, spec)]
}

function operator(spec: ReleaseSpec): readonly KubeObject[] {
  const annotations = at(spec.values, 'crds', 'annotations') as Readonly<Record<string, string>>
  const kinds = ['ExternalSecret', 'ClusterSecretStore', 'SecretStore']
  return [
    ...['external-secrets', 'external-secrets-webhook', 'external-secrets-cert-controller'].map((name) =>
      readyWorkload('Deployment', name, spec),
    ),
    {
      apiVersion: 'v1',
      kind: 'Pod',
      metadata: { name: 'external-secrets-0', namespace: spec.namespace, labels: named(spec) },
      spec: { containers: [{ name: 'main', ports: [{ name: 'metrics', containerPort: 8080 }] }] },
    },
    serviceAccount(spec, at(spec.values, 'serviceAccount')),
    ...kinds.map((kind) => ({
      apiVersion: 'apiextensions.k8s.io/v1',
      kind: 'CustomResourceDefinition',
      metadata: { name: `${kind.toLowerCase()}s.external-secrets.io`, annotations },
      spec: { group: 'external-secrets.io', names: { kind }, versions: [{ name: 'v1', served: true }] },
    })),
  ]
}

function serviceAccount({ namespace }: ReleaseSpec, wanted: unknown): KubeObject {
  const { name, annotations = {} } = wanted as { name: string; annotations?: Readonly<Record<string, string>> }
  return { apiVersion: 'v1', kind: 'ServiceAccount', metadata: { name, namespace, annotations } }
}

function gatekeeper(spec: ReleaseSpec): readonly KubeObject[] {
  return [
    readyWorkload('Deployment', 'gatekeeper-controller-manager', spec),
    readyWorkload('Deployment', 'gatekeeper-audit', spec),
    {
      apiVersion: 'admissionregistration.k8s.io/v1',
      kind: 'ValidatingWebhookConfiguration',
      metadata: { name: 'gatekeeper-validating-webhook-configuration' },
      webhooks: [],
    },
    // In the real chart's `crds` folder, which Helm installs and never removes.
    {
      apiVersion: 'apiextensions.k8s.io/v1',
      kind: 'CustomResourceDefinition',
      metadata: {
        name: 'constrainttemplates.templates.gatekeeper.sh',
        annotations: { 'helm.sh/resource-policy': 'keep' },
      },
      spec: {
        group: 'templates.gatekeeper.sh',
        names: { kind: 'ConstraintTemplate' },
        versions: [{ name: 'v1', served: true }],
      },
    },
  ]
}

function redis(spec: ReleaseSpec): readonly KubeObject[] {
  const workload = readyWorkload('StatefulSet', `${spec.name}-redis-ha-server`, spec)
  const replicas = Number(at(spec.values, 'replicas'))
  const labels = { app: 'redis-ha', release: spec.name, exporter: 'enabled' }
  const names = [
    `${spec.name}-redis-ha`,
    ...(at(spec.values, 'haproxy', 'enabled') ? [`${spec.name}-redis-ha-haproxy`] : []),
  ]
  const ports = [{ name: at(spec.values, 'redis', 'tlsPort') ? 'redis-tls' : 'redis', containerPort: 6379 }]
  const { template, ...rest } = workload.spec as Workload
  const containers = template.spec?.containers?.map((container) => ({ ...container, ports }))
  const pods = { ...template, spec: { ...template.spec, containers } }
  return [
    {
      ...workload,
      spec: { ...rest, template: pods, replicas, volumeClaimTemplates: [{ metadata: { name: 'data' } }] },
    },
    ...names.flatMap((name) => service(spec, name, { 'http-exporter-port': 9121 }, labels)),
  ]
}

function jaeger(spec: ReleaseSpec): readonly KubeObject[] {
  const ports = { 'otlp-grpc': 4317, 'otlp-http': 4318, 'http-query': 16686, 'internal-metrics': 8888 }
  return [
    readyWorkload('Deployment', spec.name, spec),
    ...service(spec, spec.name, ports, named(spec), labelsOf('jaeger')),
  ]
}

function litellm(spec: ReleaseSpec): readonly KubeObject[] {
  const env = at(spec.values, 'gateway', 'extraEnv')
  const plain = annotated(readyWorkload('Deployment', spec.name, spec), at(spec.values, 'gateway', 'podAnnotations'))
  const pods = labelsOf('litellm')
  const metrics = service(spec, `${spec.name}-metrics`, { metrics: 4001 }, named(spec), pods)
  const account = serviceAccount(spec, at(spec.values, 'serviceAccounts', 'gateway'))
  return [withEnvironment(plain, env), account, ...service(spec, spec.name, { http: 4000 }, {}, pods), ...metrics]
}

const named = ({ name }: ReleaseSpec) => ({ 'app.kubernetes.io/name': name, 'app.kubernetes.io/instance': name })

interface Workload {
  readonly template: { readonly spec?: { readonly containers?: readonly object[] } }
}

function withEnvironment(workload: KubeObject, env: unknown): KubeObject {
  const { template, ...rest } = workload.spec as Workload
  const [first, ...others] = template.spec?.containers ?? []
  const spec = { ...template.spec, containers: [{ ...first, env }, ...others] }
  return { ...workload, spec: { ...rest, template: { ...template, spec } } }
}

function annotated(workload: KubeObject, annotations: unknown): KubeObject {
  const pod = workload.spec as { readonly template: { readonly metadata: object } }
  const template = { ...pod.template, metadata: { ...pod.template.metadata, annotations } }
  return { ...workload, spec: { ...pod, template } }
}

function openWebUi(spec: ReleaseSpec): readonly KubeObject[] {
  const claim = {
    apiVersion: 'v1',
    kind: 'PersistentVolumeClaim',
    metadata: {
      name: spec.name,
      namespace: spec.namespace,
      annotations: at(spec.values, 'persistence', 'annotations') as Readonly<Record<string, string>>,
    },
    spec: {},
    status: { phase: 'Bound' },
  }
  const plain = annotated(readyWorkload('StatefulSet', spec.name, spec), spec.values.podAnnotations)
  const addresses = (spec.values.openaiBaseApiUrls as readonly string[]).join(';')
  const workload = withEnvironment(plain, [{ name: 'OPENAI_API_BASE_URLS', value: addresses }])
  return [workload, claim, ...service(spec, spec.name, { http: 80 }, {}, labelsOf('open-webui'))]
}
