import { describe, expect, it } from 'vitest'
import type { KubeObject, LlmgwStep } from '../../src/ports/index.ts'
import { alertRules } from '../../steps/monitoring/alert-rules.ts'
import { dashboards } from '../../steps/monitoring/dashboards.ts'
import { monitoring } from '../../steps/monitoring/monitoring.ts'
import { monitoringCrds } from '../../steps/monitoring/monitoring-crds.ts'
import { monitors } from '../../steps/monitoring/monitors.ts'
import { selects } from '../../steps/monitoring/selector.ts'
import { fakeCrds } from '../fakes/fake-monitoring.ts'
import { type FakeWorld, fakeWorld } from '../fakes/fake-world.ts'
import { changesOf, check, converge, destroy, plan, runtime } from './run.ts'

const CRD = { apiVersion: 'apiextensions.k8s.io/v1', kind: 'CustomResourceDefinition' }
const RULES = { ...CRD, name: 'prometheusrules.monitoring.coreos.com' }
const SET = {
  apiVersion: 'apps/v1',
  kind: 'StatefulSet',
  name: 'prometheus-kube-prometheus-kube-prome-prometheus',
  namespace: 'monitoring',
}
const CLAIMS = { apiVersion: 'v1', kind: 'PersistentVolumeClaim', namespace: 'monitoring' }

/** The step with everything that it needs. */
async function deployed(step: LlmgwStep<unknown>, world: FakeWorld = fakeWorld()): Promise<FakeWorld> {
  for (const need of step.needs) await deployed(need.step as LlmgwStep<unknown>, world)
  await converge(step, world)
  return world
}

function valuesOf(world: FakeWorld) {
  const spec = world.helm.calls.findLast(
    ({ method, release }) => method === 'upgrade' && release.endsWith('prometheus'),
  )?.spec
  if (spec === undefined) throw new Error('no upgrade')
  return spec.values
}

/** CRDs as another tool left them. */
function seedCrds(world: FakeWorld, version: string, labels: Record<string, string> = {}): void {
  for (const crd of fakeCrds('kube-prometheus-stack', version))
    world.kube.seed({
      ...crd,
      metadata: { ...crd.metadata, labels },
      status: {
        conditions: [
          { type: 'Established', status: 'True' },
          { type: 'NamesAccepted', status: 'True' },
        ],
      },
    })
}

describe('the CRDs of the operator', () => {
  // Defect 72: objects of these kinds were applied with no CRD declared before them.
  it('come before everything that has their kinds', async () => {
    for (const step of [monitoring, alertRules, monitors])
      expect(step.needs).toContainEqual({ edge: 'ready', step: monitoringCrds })
  })

  it('are upgraded when the chart brings newer ones', async () => {
    const world = fakeWorld()
    seedCrds(world, '0.92.1', { 'llmgw.dev/deployment': 'llmgw' })
    const seen = await check(monitoringCrds, world)
    expect(changesOf(seen)[0]).toMatchObject({ action: 'update', detail: 'operator 0.92.1 -> 0.93.1' })
    expect(seen).toHaveProperty('state', 'drifted')
    expect((await converge(monitoringCrds, world)).state).toBe('current')
  })

  it.each(['0.93.1', '0.100.0', '1.0'])(
    'of others stay where they are of operator %s: no older than ours',
    async (version) => {
      const world = fakeWorld()
      seedCrds(world, version)
      expect((await check(monitoringCrds, world)).state).toBe('current')
      expect(world.writes()).toEqual([])
    },
  )

  it('of ours are never taken back to an older version', async () => {
    const world = fakeWorld()
    seedCrds(world, '0.94.0', { 'llmgw.dev/deployment': 'llmgw' })
    expect((await check(monitoringCrds, world)).state).toBe('current')
  })

  it('of others that are older are refused, or taken over when asked', async () => {
    const world = fakeWorld()
    seedCrds(world, '0.80.0')
    await expect(check(monitoringCrds, world)).rejects.toMatchObject({ code: 'NotOwned' })
    const adopting = world.with({ options: { adopt: true } })
    expect(plan(await check(monitoringCrds, adopting))).toContain(`adopt customresourcedefinition ${RULES.name}`)
    expect((await converge(monitoringCrds, adopting)).state).toBe('current')
    seedCrds(world, '0.80.0', { 'llmgw.dev/deployment': 'other' })
    await expect(check(monitoringCrds, world)).rejects.toMatchObject({ code: 'ForeignOwner' })
  })

  it('are read without their definitions, and the chart is not parsed, while nothing changed', async () => {
    const world = await deployed(monitoringCrds)
    const real = world.helm.crds
    let parsed = 0
    const counting = {
      ...world,
      helm: {
        ...world.helm,
        crds: async (chart: string) => {
          const found = await real(chart)
          const objects = () => {
            parsed += 1
            return found.objects()
          }
          return { ...found, objects }
        },
      },
    }
    expect((await check(monitoringCrds, counting)).state).toBe('current')
    expect(parsed).toBe(0)
    await world.kube.remove(RULES)
    expect(plan(await check(monitoringCrds, counting))).toEqual([`create customresourcedefinition ${RULES.name}`])
    expect(parsed).toBe(1)
  })

  it('are never removed unless asked, and never with the objects of others', async () => {
    const world = await deployed(monitoringCrds)
    expect(await destroy(monitoringCrds, world)).toEqual(['5 CRDs of the Prometheus operator are kept'])
    expect(await world.kube.find(RULES)).toBeDefined()
    const rule = { apiVersion: 'monitoring.coreos.com/v1', kind: 'PrometheusRule', metadata: { name: 'theirs' } }
    const theirs = world.kube.seed(rule)
    const asked = world.with({ options: { destroy: { crds: true, volumes: false, secrets: 'schedule' } } })
    await expect(destroy(monitoringCrds, asked)).rejects.toMatchObject({ code: 'ForeignResources' })
    await world.kube.remove({ ...rule, name: theirs.metadata.name })
    await destroy(monitoringCrds, asked)
    expect(await world.kube.find(RULES)).toBeUndefined()
  })

  it('are missed by name in a chart that was packed without them', async () => {
    const world = fakeWorld()
    const helm = {
      ...world.helm,
      crds: async (chart: string) => ({ ...(await world.helm.crds(chart)), objects: async () => [] }),
    }
    const { ctx } = runtime({ ...world, helm })
    const seen = await monitoringCrds.check(ctx)
    expect(plan(seen)).toEqual(['create CRDs of chart kube-prometheus-stack'])
    await expect(monitoringCrds.apply(ctx, seen)).rejects.toMatchObject({ code: 'ChartWithoutCrds' })
  })
})

describe('kube-prometheus-stack', () => {
  it('takes its sizes from the configuration, and leaves Prometheus room on its volume', async () => {
    const world = fakeWorld({
      config: { monitoring: { retention: '30d', memory: '4Gi', storage: { prometheus: '100Gi', grafana: '1Gi' } } },
    })
    expect(valuesOf(await deployed(monitoring, world))).toMatchObject({
      prometheus: {
        prometheusSpec: {
          retention: '30d',
          retentionSize: '81920MB',
          resources: { limits: { cpu: '1', memory: '4Gi' } },
          storageSpec: { volumeClaimTemplate: { spec: { resources: { requests: { storage: '100Gi' } } } } },
          ruleSelectorNilUsesHelmValues: false,
        },
      },
      alertmanager: {
        alertmanagerSpec: {
          storage: { volumeClaimTemplate: { spec: { resources: { requests: { storage: '2Gi' } } } } },
        },
      },
      grafana: { persistence: { enabled: true, size: '1Gi' } },
      nodeExporter: { enabled: true },
    })
  })

  // Defect 29: Grafana kept the credentials that everybody knows, and the tool printed them.
  it('takes the password of Grafana from a Secret that holds a generated one', async () => {
    const world = await deployed(monitoring)
    expect(valuesOf(world)).toMatchObject({
      grafana: { admin: { existingSecret: 'grafana-admin', passwordKey: 'admin-password' } },
    })
    const secret = await world.kube.find({
      apiVersion: 'v1',
      kind: 'Secret',
      name: 'grafana-admin',
      namespace: 'monitoring',
    })
    expect(Object.keys((secret?.data ?? {}) as object)).toEqual(['admin-password'])
    expect(JSON.stringify(valuesOf(world))).not.toContain('prom-operator')
  })

  // Defect 62: the data source named a Service that no version of the chart ever had.
  it('leads Grafana to Jaeger where there is one', async () => {
    expect(valuesOf(await deployed(monitoring))).toMatchObject({
      grafana: { additionalDataSources: [{ uid: 'jaeger', url: 'http://jaeger.monitoring.svc:16686' }] },
    })
    const without = fakeWorld({ config: { tracing: { kind: 'none' } } })
    expect(valuesOf(await deployed(monitoring, without))).toMatchObject({ grafana: { additionalDataSources: [] } })
  })

  it('scrapes no control plane that AWS keeps to itself', async () => {
    const off = { enabled: false }
    expect(valuesOf(await deployed(monitoring))).toMatchObject({
      kubeControllerManager: off,
      kubeScheduler: off,
      kubeEtcd: off,
      kubeProxy: off,
    })
  })

  it('waits for the StatefulSets that its operator makes, and for their volumes', async () => {
    const world = await deployed(monitoring)
    expect((await check(monitoring, world)).state).toBe('current')
    world.kube.settle(SET, 'progressing')
    expect((await check(monitoring, world)).state).toBe('settling')
    await world.kube.remove(SET)
    const gone = await check(monitoring, world)
    // Not an object of the release: another upgrade would not bring it back, its operator does.
    expect(gone.state).toBe('settling')
  })

  it('is taken down with its operator still there, keeps volumes, and leaves nothing in kube-system', async () => {
    const world = await deployed(monitoring)
    const kubelet = {
      apiVersion: 'v1',
      kind: 'Service',
      metadata: {
        name: 'kube-prometheus-kube-prome-kubelet',
        namespace: 'kube-system',
        labels: { 'app.kubernetes.io/managed-by': 'prometheus-operator' },
      },
    }
    world.kube.seed(kubelet)
    const before = world.kube.writes.length
    const reports = await destroy(monitoring, world)
    const removed = world.kube.writes.slice(before).map(({ ref }) => ref.kind)
    expect(removed.indexOf('Prometheus')).toBeGreaterThanOrEqual(0)
    expect(removed.indexOf('Prometheus')).toBeLessThan(removed.indexOf('Deployment'))
    expect(reports).toEqual([expect.stringContaining('2 volumes are kept')])
    expect(await world.kube.list(CLAIMS)).toHaveLength(2)
    expect(await world.kube.list({ apiVersion: 'v1', kind: 'Service', namespace: 'kube-system' })).toEqual([])
  })

  it("leaves a Service in kube-system that is another operator's", async () => {
    const world = await deployed(monitoring)
    const kubelet = {
      apiVersion: 'v1',
      kind: 'Service',
      metadata: { name: 'kube-prometheus-kube-prome-kubelet', namespace: 'kube-system' },
    }
    world.kube.seed(kubelet)
    await destroy(monitoring, world)
    expect(await world.kube.list({ apiVersion: 'v1', kind: 'Service', namespace: 'kube-system' })).toHaveLength(1)
  })
})

describe('dashboards, rules and monitors', () => {
  // Defects 41 and 42: a changed dashboard looked healthy, and one that was gone was reported as a success.
  it('see a dashboard that somebody changed or took away, without printing it', async () => {
    const world = await deployed(dashboards)
    const ref = { apiVersion: 'v1', kind: 'ConfigMap', name: 'llmgw-dashboard-gateway', namespace: 'monitoring' }
    await world.kube.patch(ref, { data: { 'llmgw-gateway.json': '{}' } })
    const seen = await check(dashboards, world)
    expect(plan(seen)).toEqual(['update configmap monitoring/llmgw-dashboard-gateway'])
    expect(changesOf(seen)[0]?.fields?.[0]?.after).toMatch(/^\d+ characters$/)
    await converge(dashboards, world)
    await world.kube.remove(ref)
    expect(plan(await check(dashboards, world))).toEqual(['create configmap monitoring/llmgw-dashboard-gateway'])
  })

  it('are about what the configuration has, and about nothing else', async () => {
    const lean = fakeWorld({ config: { cache: { kind: 'none' }, tracing: { kind: 'none' } } })
    const names = async (step: LlmgwStep<unknown>, world: FakeWorld) =>
      ((await step.owns?.(world)) ?? []).map((target) => target.replace(/^\w+ monitoring\//, ''))
    expect(await names(alertRules, fakeWorld())).toEqual(['llmgw-gateway', 'llmgw-redis', 'llmgw-jaeger'])
    expect(await names(alertRules, lean)).toEqual(['llmgw-gateway'])
    expect(await names(monitors, fakeWorld())).toEqual(['litellm', 'redis', 'jaeger', 'external-secrets'])
    expect(await names(monitors, lean)).toEqual(['litellm', 'external-secrets'])
    expect(await names(dashboards, lean)).toEqual(['llmgw-dashboard-gateway', 'llmgw-dashboard-workloads'])
  })

  it('scrape LiteLLM behind the slash, in the namespace of the gateway alone', async () => {
    const world = await deployed(monitors, fakeWorld({ config: { namespaces: { gateway: 'elsewhere' } } }))
    const found = await world.kube.find({
      apiVersion: 'monitoring.coreos.com/v1',
      kind: 'ServiceMonitor',
      name: 'litellm',
      namespace: 'monitoring',
    })
    expect(found?.spec).toMatchObject({
      namespaceSelector: { matchNames: ['elsewhere'] },
      endpoints: [{ port: 'metrics', path: '/metrics/' }],
    })
  })

  it('are off where monitoring is', () => {
    const world = fakeWorld({ config: { monitoring: { kind: 'none' } } })
    for (const step of [monitoringCrds, monitoring, dashboards, alertRules, monitors])
      expect(step.off?.(world)).toBe('monitoring.kind is none')
  })

  it("leave what is somebody else's", async () => {
    const world = fakeWorld()
    await deployed(dashboards, world)
    const theirs: KubeObject = {
      apiVersion: 'v1',
      kind: 'ConfigMap',
      metadata: {
        name: 'llmgw-dashboard-gateway',
        namespace: 'monitoring',
        labels: { 'llmgw.dev/deployment': 'other' },
      },
    }
    world.kube.seed(theirs)
    await expect(check(dashboards, world)).rejects.toMatchObject({ code: 'ForeignOwner' })
    expect(await destroy(dashboards, world)).toEqual([
      'configmap monitoring/llmgw-dashboard-gateway is left: it is not ours',
    ])
  })
})

describe('a label selector', () => {
  it.each([
    [{}, {}, true],
    [undefined, { a: '1' }, false],
    [{ matchLabels: { a: '1' } }, { a: '1', b: '2' }, true],
    [{ matchLabels: { a: '1' } }, { a: '2' }, false],
    [{ matchExpressions: [{ key: 'a', operator: 'In', values: ['1'] }] }, { a: '1' }, true],
    [{ matchExpressions: [{ key: 'a', operator: 'NotIn', values: ['1'] }] }, {}, true],
    [{ matchExpressions: [{ key: 'a', operator: 'NotIn', values: ['1'] }] }, { a: '1' }, false],
    [{ matchExpressions: [{ key: 'a', operator: 'Exists' }] }, {}, false],
    [{ matchExpressions: [{ key: 'a', operator: 'DoesNotExist' }] }, {}, true],
  ])('%j on %j: %s', (selector, labels, expected) => {
    expect(selects(selector, labels)).toBe(expected)
  })
})
