import { describe, expect, it } from 'vitest'
import { buildGraph } from '../../src/engine/graph.ts'
import type { LlmgwStep } from '../../src/ports/index.ts'
import { steps } from '../../steps/index.ts'
import { checks } from '../../steps/verify/index.ts'
import { type FakeWorld, fakeWorld } from '../fakes/fake-world.ts'
import { converge, rotated } from './run.ts'

const API = 'external-secrets.io/v1'
const STORE = { apiVersion: API, kind: 'ClusterSecretStore', name: 'aws-secrets-manager' }
const SYNCED = { apiVersion: API, kind: 'ExternalSecret', name: 'redis-credentials', namespace: 'litellm' }
const COPY = { apiVersion: 'v1', kind: 'Secret', name: 'redis-credentials', namespace: 'litellm' }
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
const CONSTRAINT = {
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

async function deployed(): Promise<FakeWorld> {
  const world = fakeWorld()
  for (const step of buildGraph(steps).order) await converge(step as LlmgwStep<unknown>, world)
  return world
}

async function run(id: string, world: FakeWorld) {
  const check = checks.find((candidate) => candidate.id === id)
  if (check === undefined) throw new Error(`no check ${id}`)
  return await check.run({ ...world, signal: new AbortController().signal })
}

function spoilRole(world: FakeWorld, kind: string): void {
  const name = `llmgw-test-${kind}`
  const role = world.aws.state.roles.get(name)
  if (role) world.aws.state.roles.set(name, { ...role, inline: {} })
}

/** What each check must not miss. */
const SPOILED: Readonly<Record<string, { spoil: (world: FakeWorld) => unknown; found: RegExp }>> = {
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
    found: /redis-password is version .*, AWS has another-version/,
  },
  'secret-versions-openwebui': {
    spoil: (world) => rotated(world, 'openwebui/webui-secret-key'),
    found: /webui-secret-key is version .*, AWS has another-version/,
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
}

describe('checks', () => {
  it('each have a negative control', () => {
    // `account` has a test of its own: no write in the world changes whose credentials they are.
    expect([...Object.keys(SPOILED), 'account'].sort()).toEqual(checks.map(({ id }) => id).sort())
  })

  it.each(checks.map(({ id }) => id).filter((id) => id !== 'account'))(
    '%s passes, and fails when it must',
    async (id) => {
      const world = await deployed()
      expect(await run(id, world)).toMatchObject({ result: 'pass' })
      await SPOILED[id]?.spoil(world)
      const after = await run(id, world)
      expect(after.result).toBe('fail')
      expect(after.found).toMatch(SPOILED[id]?.found ?? /never/)
      expect(after.lookedAt).not.toBe('')
      expect(after.hint).toBeDefined()
    },
  )

  it('account fails for the credentials of another account', async () => {
    expect(await run('account', fakeWorld())).toMatchObject({ result: 'pass' })
    const other = await run('account', fakeWorld({ aws: { accountId: '999999999999' } }))
    expect(other).toMatchObject({ result: 'fail', found: 'account 999999999999, expected 123456789012' })
  })

  it('wait for the first audit of a policy that is new, and do not take it for one', async () => {
    const world = await deployed()
    world.kube.setStatus(CONSTRAINT, { totalViolations: 0 })
    expect(await run('policy-audit', world)).toMatchObject({
      result: 'skip',
      found: expect.stringMatching(/not audited yet.*no-latest-tag was written \d+ s ago/),
    })
  })

  it('warn of what others added to a role', async () => {
    const world = await deployed()
    const role = world.aws.state.roles.get('llmgw-test-gateway')
    if (role)
      world.aws.state.roles.set(role.name, { ...role, attached: ['arn:aws:iam::aws:policy/AdministratorAccess'] })
    expect(await run('role-gateway', world)).toMatchObject({
      result: 'warn',
      found: expect.stringContaining('AdministratorAccess'),
    })
  })

  it('tell a key too many and a key too few, and never a value', async () => {
    const world = await deployed()
    await world.kube.patch(COPY, { data: { 'redis-password': null, stray: btoa('stray secret value') } })
    const { found } = await run('secret-values', world)
    expect(found).toContain('key redis-password is absent')
    expect(found).toContain('key stray is not configured')
    expect(found).not.toContain('stray secret value')
  })

  it('skip what the configuration does not have', async () => {
    const world = fakeWorld({ config: { cache: { kind: 'none' } } })
    expect(await run('release-redis', world)).toMatchObject({ result: 'skip' })
  })

  it('cannot look is no verdict', async () => {
    const world = await deployed()
    world.helm.failNext('find', new Error('no answer'))
    await expect(run('release-redis', world)).rejects.toThrow('no answer')
  })
})
