import { readFileSync } from 'node:fs'
import { fileURLToPath } from 'node:url'
import type { ObjectRef } from '../../../src/ports/index.ts'
import { cacheCertificate } from '../../fakes/cache-certificate.ts'
import type { FakeWorld } from '../../fakes/fake-world.ts'
import { rotated } from '../run.ts'

const API = 'external-secrets.io/v1'
const STORE = { apiVersion: API, kind: 'ClusterSecretStore', name: 'aws-secrets-manager' }
const SYNCED = { apiVersion: API, kind: 'ExternalSecret', name: 'redis-credentials', namespace: 'litellm' }
export const COPY = { apiVersion: 'v1', kind: 'Secret', name: 'redis-credentials', namespace: 'litellm' }
const OPERATOR = {
  apiVersion: 'apps/v1',
  kind: 'Deployment',
  name: 'external-secrets-webhook',
  namespace: 'external-secrets',
}
const PROMETHEUS_SET = 'prometheus-kube-prometheus-kube-prome-prometheus'
const PROMETHEUS = {
  apiVersion: 'monitoring.coreos.com/v1',
  kind: 'Prometheus',
  name: 'kube-prometheus-kube-prome-prometheus',
  namespace: 'monitoring',
}
const RULE_CRD = 'prometheusrules.monitoring.coreos.com'
const JAEGER = { apiVersion: 'apps/v1', kind: 'Deployment', name: 'jaeger', namespace: 'monitoring' }
const WEBUI = { apiVersion: 'apps/v1', kind: 'StatefulSet', name: 'open-webui', namespace: 'open-webui' }
const LITELLM = { apiVersion: 'apps/v1', kind: 'Deployment', name: 'litellm', namespace: 'litellm' }
const GATEKEEPER = {
  apiVersion: 'apps/v1',
  kind: 'Deployment',
  name: 'gatekeeper-audit',
  namespace: 'gatekeeper-system',
}
export const CONSTRAINT = {
  apiVersion: 'constraints.gatekeeper.sh/v1beta1',
  kind: 'LlmgwNoLatestTag',
  name: 'llmgw-no-latest-tag',
}
const WEBHOOK = {
  apiVersion: 'admissionregistration.k8s.io/v1',
  kind: 'ValidatingWebhookConfiguration',
  name: 'gatekeeper-validating-webhook-configuration',
}
const SERVER = { apiVersion: 'apps/v1', kind: 'StatefulSet', name: 'redis-redis-ha-server', namespace: 'litellm' }
const CLAIM = {
  apiVersion: 'v1',
  kind: 'PersistentVolumeClaim',
  name: 'data-redis-redis-ha-server-0',
  namespace: 'litellm',
}
const SLICE = {
  apiVersion: 'discovery.k8s.io/v1',
  kind: 'EndpointSlice',
  name: 'redis-redis-ha-haproxy-1',
  namespace: 'litellm',
}

/** What the operator keeps for its webhook. @param file in test/fixtures/certificates */
export function webhookCertificate(file: string) {
  const path = fileURLToPath(new URL(`../../fixtures/certificates/${file}.pem`, import.meta.url))
  return {
    apiVersion: 'v1',
    kind: 'Secret',
    metadata: { name: 'external-secrets-webhook', namespace: 'external-secrets' },
    data: { 'tls.crt': readFileSync(path).toString('base64') },
  }
}

interface Workload {
  readonly template: {
    readonly spec: { readonly containers: readonly { readonly env: readonly { name: string }[] }[] }
  }
}

/** As somebody's `kubectl set env` leaves it. */
async function setVariable({ kube }: FakeWorld, workload: ObjectRef, name: string, value: string): Promise<void> {
  const { template } = ((await kube.find(workload)) as unknown as { readonly spec: Workload }).spec
  const [first, ...rest] = template.spec.containers
  const env = first?.env.map((one) => (one.name === name ? { name, value } : one))
  await kube.patch(workload, { spec: { template: { spec: { containers: [{ ...first, env }, ...rest] } } } })
}

export const sendTracesTo = (world: FakeWorld, address: string) =>
  setVariable(world, LITELLM, 'OTEL_EXPORTER_OTLP_ENDPOINT', address)

export const leadWebUiTo = (world: FakeWorld, addresses: string) =>
  setVariable(world, WEBUI, 'OPENAI_API_BASE_URLS', addresses)

function spoilRole(world: FakeWorld, kind: string): void {
  const name = `llmgw-test-${kind}`
  const role = world.aws.state.roles.get(name)
  if (role) world.aws.state.roles.set(name, { ...role, inline: {} })
}

/** Somebody gives the role another policy, which refuses. */
function quarantine(world: FakeWorld, kind: string, action: string): void {
  const name = `llmgw-test-${kind}`
  const role = world.aws.state.roles.get(name)
  const Statement = [{ Effect: 'Deny', Action: action, Resource: '*' }]
  if (role) {
    const inline = { ...role.inline, quarantine: { Version: '2012-10-17', Statement } }
    world.aws.state.roles.set(name, { ...role, inline })
  }
}

/** The role trusts a ServiceAccount of another name. */
function distrust(world: FakeWorld, kind: string): void {
  const name = `llmgw-test-${kind}`
  const role = world.aws.state.roles.get(name)
  if (!role) return
  const trust = JSON.parse(JSON.stringify(role.trust).replaceAll(/serviceaccount:[^"]*/g, 'serviceaccount:other:pod'))
  world.aws.state.roles.set(name, { ...role, trust })
}

/** What each check must not miss. */
export const SPOILED: Readonly<Record<string, { spoil: (world: FakeWorld) => unknown; found: RegExp }>> = {
  'network-policies': {
    spoil: (world) =>
      world.kube.remove({
        apiVersion: 'networking.k8s.io/v1',
        kind: 'NetworkPolicy',
        name: 'llmgw-default-deny',
        namespace: 'litellm',
      }),
    found: /networkpolicy litellm\/llmgw-default-deny is not there/,
  },
  cluster: { spoil: (world) => world.aws.state.oidcProviders.clear(), found: /no IAM OIDC provider/ },
  namespaces: {
    spoil: (world) =>
      world.kube.patch(
        { apiVersion: 'v1', kind: 'Namespace', name: 'litellm' },
        { metadata: { labels: { 'pod-security.kubernetes.io/enforce': 'privileged' } } },
      ),
    found: /litellm: .*enforce is privileged, expected baseline/,
  },
  'role-gateway': { spoil: (world) => spoilRole(world, 'gateway'), found: /bedrock-invoke differs or is absent/ },
  'role-external-secrets': {
    spoil: (world) => spoilRole(world, 'external-secrets'),
    found: /secrets-manager-read differs or is absent/,
  },
  'role-taken-gateway': {
    spoil: (world) => distrust(world, 'gateway'),
    found: /aws refuses it: Not authorized to perform sts:AssumeRoleWithWebIdentity/,
  },
  'role-taken-external-secrets': {
    spoil: (world) => distrust(world, 'external-secrets'),
    found: /aws refuses it: Not authorized to perform sts:AssumeRoleWithWebIdentity/,
  },
  'role-permits-gateway': {
    spoil: (world) => quarantine(world, 'gateway', 'bedrock:*'),
    found: /refused: bedrock:InvokeModel on arn:aws:bedrock:.*, \d+ more/,
  },
  'role-permits-external-secrets': {
    spoil: (world) => quarantine(world, 'external-secrets', 'secretsmanager:GetSecretValue'),
    found: /refused: secretsmanager:GetSecretValue on arn:aws:secretsmanager:\S+:secret:litellm\/\S+-AbCdEf/,
  },
  secrets: {
    spoil: (world) => world.secretsManager.purge('litellm/salt-key'),
    found: /litellm\/salt-key is not there/,
  },
  'release-external-secrets': {
    spoil: (world) => world.helm.setStatus('external-secrets', 'external-secrets', 'failed', 'timed out'),
    found: /failed: timed out/,
  },
  'rollout-external-secrets': {
    spoil: (world) => world.kube.settle(OPERATOR, 'progressing'),
    found: /external-secrets-webhook is not ready/,
  },
  'secret-store': {
    spoil: (world) => world.kube.settle(STORE, { failed: 'api error AccessDenied: no' }),
    found: /AccessDenied: no/,
  },
  'external-secrets-synced': {
    spoil: (world) => world.kube.settle(SYNCED, { failed: 'api error AccessDenied: no' }),
    found: /AccessDenied: no/,
  },
  'secret-values': {
    spoil: (world) => world.kube.patch(COPY, { data: { 'redis-password': btoa('another value') } }),
    found: /key redis-password differs from litellm\/redis-password/,
  },
  'monitoring-crds': {
    spoil: (world) =>
      world.kube.patch(
        { apiVersion: 'apiextensions.k8s.io/v1', kind: 'CustomResourceDefinition', name: RULE_CRD },
        { metadata: { annotations: { 'operator.prometheus.io/version': '0.92.9' } } },
      ),
    found: /prometheusrules\.monitoring\.coreos\.com is of operator 0\.92\.9, expected 0\.93\.1/,
  },
  'release-kube-prometheus': {
    spoil: (world) => world.helm.setStatus('kube-prometheus', 'monitoring', 'failed', 'timed out'),
    found: /failed: timed out/,
  },
  'rollout-monitoring': {
    spoil: (world) => world.kube.remove({ ...SERVER, name: PROMETHEUS_SET, namespace: 'monitoring' }),
    found: /StatefulSet monitoring\/prometheus-kube-prometheus-kube-prome-prometheus is not there/,
  },
  'volumes-monitoring': {
    spoil: (world) =>
      world.kube.setStatus(
        { ...CLAIM, name: `${PROMETHEUS_SET}-db-${PROMETHEUS_SET}-0`, namespace: 'monitoring' },
        { phase: 'Lost' },
      ),
    found: /prometheus-db-prometheus-kube-prometheus-kube-prome-prometheus-0/,
  },
  'prometheus-endpoints': {
    spoil: (world) =>
      world.kube.patch(
        { ...SLICE, name: 'kube-prometheus-kube-prome-prometheus-1', namespace: 'monitoring' },
        { endpoints: [] },
      ),
    found: /none of 0 endpoints is ready/,
  },
  dashboards: {
    spoil: (world) =>
      world.kube.patch(
        { apiVersion: 'v1', kind: 'ConfigMap', name: 'llmgw-dashboard-gateway', namespace: 'monitoring' },
        { metadata: { labels: { grafana_dashboard: null } } },
      ),
    found: /llmgw-dashboard-gateway: label grafana_dashboard is absent, expected 1/,
  },
  'alert-rules': {
    spoil: (world) =>
      world.kube.patch(PROMETHEUS, { spec: { ruleSelector: { matchLabels: { release: 'kube-prometheus' } } } }),
    found: /PrometheusRule llmgw-gateway is not selected by ruleSelector/,
  },
  monitors: {
    spoil: (world) =>
      world.kube.patch(
        { apiVersion: 'v1', kind: 'Service', name: 'litellm-metrics', namespace: 'litellm' },
        { spec: { ports: [{ name: 'http', port: 4001 }] } },
      ),
    found: /ServiceMonitor litellm: no Service in litellm has a port "metrics"/,
  },
  'release-jaeger': {
    spoil: (world) => world.helm.setStatus('jaeger', 'monitoring', 'failed', 'timed out'),
    found: /failed: timed out/,
  },
  'rollout-jaeger': { spoil: (world) => world.kube.settle(JAEGER, 'progressing'), found: /jaeger is not ready/ },
  'jaeger-endpoints': {
    spoil: (world) =>
      world.kube.patch(
        { apiVersion: 'v1', kind: 'Service', name: 'jaeger', namespace: 'monitoring' },
        { spec: { ports: [{ name: 'otlp-grpc', port: 4317 }] } },
      ),
    found: /port otlp-http is absent, expected 4318/,
  },
  'litellm-configuration': {
    spoil: ({ config }) => Object.assign(config.gateway.settings, { router: { num_retires: 3 } }),
    found: /router_settings.num_retires: is nothing that LiteLLM .* reads; did you mean "num_retries"/,
  },
  'release-litellm': {
    spoil: (world) => world.helm.setStatus('litellm', 'litellm', 'failed', 'pre-upgrade hooks failed'),
    found: /failed: pre-upgrade hooks failed/,
  },
  'rollout-litellm': { spoil: (world) => world.kube.settle(LITELLM, 'progressing'), found: /litellm is not ready/ },
  'litellm-endpoints': {
    spoil: (world) =>
      world.kube.patch(
        { apiVersion: 'v1', kind: 'Service', name: 'litellm', namespace: 'litellm' },
        { spec: { ports: [{ name: 'http', port: 8080 }] } },
      ),
    found: /port http is 8080, expected 4000/,
  },
  'release-open-webui': {
    spoil: (world) => world.helm.setStatus('open-webui', 'open-webui', 'failed', 'timed out'),
    found: /failed: timed out/,
  },
  'rollout-open-webui': {
    spoil: (world) => world.kube.settle(WEBUI, 'progressing'),
    found: /open-webui is not ready/,
  },
  'volume-open-webui': {
    spoil: (world) => world.kube.remove({ ...WEBUI, apiVersion: 'v1', kind: 'PersistentVolumeClaim' }),
    found: /PersistentVolumeClaim open-webui\/open-webui is not there/,
  },
  'open-webui-endpoints': {
    spoil: (world) =>
      world.kube.patch(
        { ...WEBUI, apiVersion: 'v1', kind: 'Service' },
        { spec: { ports: [{ name: 'http', port: 8080 }] } },
      ),
    found: /port http is 8080, expected 80/,
  },
  'open-webui-key': {
    spoil: async (world) => {
      const master = { apiVersion: 'v1', kind: 'Secret', name: 'litellm-secrets', namespace: 'litellm' }
      const found = (await world.kube.find(master)) as { data?: Record<string, string> } | undefined
      const data = { 'openai-api-key': found?.data?.['master-key'] }
      await world.kube.patch({ ...master, name: 'openwebui-secrets', namespace: 'open-webui' }, { data })
    },
    found: /openai-api-key of Secret open-webui\/openwebui-secrets is the master key/,
  },
  'open-webui-key-registered': {
    spoil: ({ litellm }) => litellm.keys.clear(),
    found: /LiteLLM does not know it/,
  },
  'secret-versions-litellm': {
    spoil: (world) => rotated(world, 'litellm/redis-password'),
    found: /redis-password is version .*, AWS has version-of-sk-another-value/,
  },
  'secret-versions-openwebui': {
    spoil: (world) => rotated(world, 'openwebui/webui-secret-key'),
    found: /webui-secret-key is version .*, AWS has version-of-sk-another-value/,
  },
  'release-gatekeeper': {
    spoil: (world) => world.helm.setStatus('gatekeeper', 'gatekeeper-system', 'failed', 'timed out'),
    found: /failed: timed out/,
  },
  'rollout-gatekeeper': {
    spoil: (world) => world.kube.settle(GATEKEEPER, 'progressing'),
    found: /gatekeeper-audit is not ready/,
  },
  'gatekeeper-webhook': {
    spoil: (world) => world.kube.remove(WEBHOOK),
    found: /was not asked about a namespace that it must refuse/,
  },
  'policy-constraints': {
    spoil: (world) => world.kube.remove(CONSTRAINT),
    found: /llmgwnolatesttag llmgw-no-latest-tag is not there/,
  },
  'policy-audit': {
    spoil: async (world) => {
      world.kube.setStatus(CONSTRAINT, { totalViolations: 0 })
      // It could have been looked at long ago.
      for (let second = 0; second < 600; second += 5) await world.clock.sleep(5_000)
    },
    found: /no-latest-tag was not audited yet/,
  },
  'release-redis': {
    spoil: (world) => world.helm.setStatus('redis', 'litellm', 'pending-upgrade', 'killed'),
    found: /pending-upgrade: killed/,
  },
  'rollout-redis': { spoil: (world) => world.kube.settle(SERVER, 'progressing'), found: /0\/3 ready/ },
  'volumes-redis': {
    spoil: (world) => world.kube.setStatus(CLAIM, { phase: 'Lost' }),
    found: /data-redis-redis-ha-server-0/,
  },
  'redis-endpoints': {
    spoil: (world) => world.kube.patch(SLICE, { endpoints: [{ conditions: { ready: false } }] }),
    found: /none of 1 endpoints is ready/,
  },
  'redis-certificate': {
    spoil: (world) => world.kube.seed(cacheCertificate({ names: ['localhost'] })),
    found: /tls\.crt of Secret litellm\/redis-tls is not for redis-redis-ha-haproxy\.litellm\.svc/,
  },
  certificates: {
    spoil: (world) => world.kube.seed(webhookCertificate('until-2025-12-31')),
    found: /tls\.crt of Secret external-secrets\/external-secrets-webhook ended on 2025-12-31/,
  },
  'prometheus-targets': {
    spoil: ({ programs }) => {
      const down = { scrapePool: 'serviceMonitor/monitoring/litellm/0', health: 'down', lastError: 'HTTP 401' }
      programs.prometheus['/api/v1/targets'] = [200, { data: { activeTargets: [down] } }]
    },
    found: /ServiceMonitor litellm: HTTP 401; ServiceMonitor redis gives no target/,
  },
  traces: {
    spoil: ({ programs }) => {
      programs.jaeger['/api/services'] = [500, 'storage is gone']
    },
    found: /HTTP 500: storage is gone/,
  },
  'litellm-ready': {
    spoil: ({ litellm }) => {
      litellm.faults.db = 'disconnected'
    },
    found: /its database is disconnected/,
  },
  'litellm-keys': {
    spoil: ({ litellm }) => {
      litellm.faults.open = true
    },
    found: /a key that nobody was given is answered with HTTP 200; a call without a key is answered with HTTP 200/,
  },
  'litellm-database': {
    spoil: ({ litellm }) => {
      litellm.faults.tables = false
    },
    found: /HTTP 500: The table .* does not exist/,
  },
  'litellm-cache': {
    spoil: ({ litellm }) => {
      litellm.faults.cache = 'invalid username-password pair'
    },
    found: /HTTP 503: Service Unhealthy: invalid username-password pair/,
  },
  'litellm-models': {
    spoil: ({ litellm }) => {
      litellm.faults.models = ['claude-sonnet', 'claude-haiku']
    },
    found: /nova-lite is not offered/,
  },
  'litellm-metrics': {
    spoil: ({ litellm }) => {
      litellm.faults.metrics = litellm.faults.metrics.map((name) => name.replace('spend_metric', 'cost_metric'))
    },
    found: /the dashboards ask for litellm_spend_metric_total, which is not there/,
  },
  'litellm-guardrails': {
    spoil: ({ litellm }) => {
      litellm.faults.guardrails = []
    },
    found: /llmgw-rules is not loaded/,
  },
  'trace-exporter': {
    spoil: async (world) => {
      await sendTracesTo(world, 'http://jaeger-collector.monitoring.svc:4318')
    },
    found: /http:\/\/jaeger-collector\.monitoring\.svc:4318: there is no Service monitoring\/jaeger-collector/,
  },
  'model-answers': {
    spoil: ({ litellm }) =>
      litellm.faults.refusals.set('nova-lite', 'AccessDeniedException: not authorized to perform'),
    found: /nova-lite: HTTP 400: AccessDeniedException: not authorized/,
  },
  'cache-serves': {
    spoil: ({ litellm }) => {
      litellm.faults.forgetful = true
    },
    found: /the second call went to the model again/,
  },
  'open-webui-health': {
    spoil: ({ programs }) => {
      programs.webUi['/health/db'] = [500, 'database is locked']
    },
    found: /HTTP 500: database is locked/,
  },
  'open-webui-login': {
    spoil: ({ programs }) => {
      programs.webUi['/api/config'] = [200, { features: { auth: true, enable_signup: true } }]
    },
    found: /everybody may sign up/,
  },
  'open-webui-models': {
    spoil: ({ litellm }) => {
      litellm.faults.models = ['claude-sonnet']
    },
    found: /claude-haiku is not listed/,
  },
  'open-webui-gateway': {
    spoil: (world) => leadWebUiTo(world, 'http://litellm.litellm:4000/v1;http://litelm.litellm.svc:4000/v1'),
    found: /http:\/\/litelm\.litellm\.svc:4000\/v1: there is no Service litellm\/litelm/,
  },
  'open-webui-offers': {
    spoil: ({ programs }) => {
      programs.webUi['/api/models'] = [200, { data: [{ id: 'claude-haiku' }, { id: 'arena-model' }] }]
    },
    found: /claude-sonnet is not offered; nova-lite is not offered/,
  },
}
