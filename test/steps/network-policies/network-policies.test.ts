import { describe, expect, it } from 'vitest'
import { buildGraph } from '../../../src/engine/graph.ts'
import type { KubeObject, LlmgwStep } from '../../../src/ports/index.ts'
import { steps } from '../../../steps/index.ts'
import { namespaces } from '../../../steps/namespaces.ts'
import { networkIsolation } from '../../../steps/network-policies/network-isolation.ts'
import { networkPolicies } from '../../../steps/network-policies/network-policies.ts'
import { type FakeWorld, type FakeWorldOverrides, fakeWorld } from '../../fakes/fake-world.ts'
import { changesOf, check, converge, destroy, plan } from '../run.ts'
import { allows, type End } from './reading.ts'

const KIND = { apiVersion: 'networking.k8s.io/v1', kind: 'NetworkPolicy' }
const isolation = networkIsolation([])
const GATEWAY_POLICY = { ...KIND, namespace: 'litellm', name: 'llmgw-litellm' }
const DENIAL = { ...KIND, namespace: 'litellm', name: 'llmgw-default-deny' }

async function deployed(overrides: FakeWorldOverrides = {}): Promise<FakeWorld> {
  const world = fakeWorld(overrides)
  for (const step of [namespaces, networkPolicies, isolation]) await converge(step, world)
  return world
}

const policiesOf = (world: FakeWorld) => world.kube.list(KIND)

/** Labels as the charts write them. */
const POD = {
  litellm: pod('litellm', { name: 'litellm', instance: 'litellm', component: 'proxy' }),
  migrations: pod('litellm', { name: 'litellm', instance: 'litellm', component: 'migrations' }),
  redis: { namespace: 'litellm', labels: { app: 'redis-ha', release: 'redis' } },
  haproxy: { namespace: 'litellm', labels: { app: 'redis-ha-haproxy', release: 'redis' } },
  ui: pod('open-webui', { name: 'open-webui', instance: 'open-webui', component: 'open-webui' }),
  operator: pod('external-secrets', { name: 'external-secrets', instance: 'external-secrets' }),
  webhook: pod('external-secrets', { name: 'external-secrets-webhook', instance: 'external-secrets' }),
  gatekeeper: {
    namespace: 'gatekeeper-system',
    labels: { 'gatekeeper.sh/system': 'yes', 'gatekeeper.sh/operation': 'webhook' },
  },
  audit: {
    namespace: 'gatekeeper-system',
    labels: { 'gatekeeper.sh/system': 'yes', 'gatekeeper.sh/operation': 'audit' },
  },
  dns: { namespace: 'kube-system', labels: { 'k8s-app': 'kube-dns' } },
  stranger: { namespace: 'default', labels: {} },
  lodger: { namespace: 'litellm', labels: { app: 'debug' } },
  pretender: { namespace: 'default', labels: { app: 'redis-ha', release: 'redis' } },
} as const

function pod(namespace: string, labels: Readonly<Record<string, string>>): End & object {
  return {
    namespace,
    labels: Object.fromEntries(Object.entries(labels).map(([key, value]) => [`app.kubernetes.io/${key}`, value])),
  }
}

const BEDROCK = '52.94.133.131'
const DATABASE = '10.0.12.7'
const API_SERVER = '172.20.0.1'
const CONTROL_PLANE = '10.0.3.20'
const METADATA = ['169.254.169.254', '169.254.170.2', '169.254.170.23', 'fd00:ec2::254', 'fd00:ec2::23']

describe('what the policies let through', () => {
  it.each<readonly [string, End, End, string]>([
    ['the interface asks the gateway', POD.ui, POD.litellm, 'TCP 4000'],
    ['the gateway asks the cache', POD.litellm, POD.haproxy, 'TCP 6379'],
    ['the cache proxy asks Redis', POD.haproxy, POD.redis, 'TCP 6379'],
    ['the cache proxy asks Sentinel who is master', POD.haproxy, POD.redis, 'TCP 26379'],
    ['Redis replicates', POD.redis, POD.redis, 'TCP 6379'],
    ['the gateway asks the database', POD.litellm, DATABASE, 'TCP 5432'],
    ['migrations ask the database', POD.migrations, DATABASE, 'TCP 5432'],
    ['the gateway asks Bedrock', POD.litellm, BEDROCK, 'TCP 443'],
    ['names are resolved', POD.litellm, POD.dns, 'UDP 53'],
    ['long answers are resolved', POD.redis, POD.dns, 'TCP 53'],
    ['the interface asks the login provider', POD.ui, BEDROCK, 'TCP 443'],
    ['the operator asks AWS', POD.operator, BEDROCK, 'TCP 443'],
    ['the operator asks the API server', POD.operator, API_SERVER, 'TCP 443'],
    ['the API server asks the webhook', CONTROL_PLANE, POD.webhook, 'TCP 10250'],
    ['the API server asks Gatekeeper', CONTROL_PLANE, POD.gatekeeper, 'TCP 8443'],
    ['the audit reads from the API server', POD.audit, API_SERVER, 'TCP 443'],
  ])('%s', async (_what, from, to, port) => {
    expect(allows(await policiesOf(await deployed()), [from, to, port])).toBe(true)
  })

  it.each<readonly [string, End, End, string]>([
    ['the interface does not ask Redis', POD.ui, POD.haproxy, 'TCP 6379'],
    ['the gateway does not pass the proxy by', POD.litellm, POD.redis, 'TCP 6379'],
    ['migrations do not ask Bedrock', POD.migrations, BEDROCK, 'TCP 443'],
    ['nobody from elsewhere asks the gateway', POD.stranger, POD.litellm, 'TCP 4000'],
    ['nobody from elsewhere asks Redis', POD.stranger, POD.redis, 'TCP 6379'],
    ['labels of ours in another namespace open nothing', POD.pretender, POD.redis, 'TCP 6379'],
    ['a pod that is no part of the platform asks nobody', POD.lodger, POD.redis, 'TCP 6379'],
    ['a pod that is no part of the platform is not on the internet', POD.lodger, BEDROCK, 'TCP 443'],
    ['Redis is not on the internet', POD.redis, BEDROCK, 'TCP 443'],
    ['the internet does not ask the interface', BEDROCK, POD.ui, 'TCP 8080'],
    ['the operator is asked by nobody', POD.litellm, POD.operator, 'TCP 8080'],
    ['the gateway speaks nothing but TLS outside', POD.litellm, BEDROCK, 'TCP 80'],
    ['Gatekeeper is asked by no pod', POD.litellm, POD.gatekeeper, 'TCP 8443'],
    ['the audit is asked by nobody', CONTROL_PLANE, POD.audit, 'TCP 8443'],
    ['Gatekeeper is not on the internet', POD.gatekeeper, BEDROCK, 'TCP 443'],
    ['the webhook is not on the internet', POD.webhook, BEDROCK, 'TCP 443'],
  ])('%s', async (_what, from, to, port) => {
    expect(allows(await policiesOf(await deployed()), [from, to, port])).toBe(false)
  })

  it.each(METADATA)('no pod reaches the credentials at %s', async (address) => {
    const cidrs = ['0.0.0.0/0', '::/0', '169.0.0.0/8', 'fd00::/8']
    const networks = { egress: { cidrs, databaseCidrs: cidrs, dnsCidrs: [] }, internalCidrs: cidrs }
    const policies = await policiesOf(await deployed({ config: { networkPolicies: networks } }))
    const open = Object.values(POD)
      .filter(({ namespace }) => !['default', 'kube-system'].includes(namespace))
      .flatMap((from) =>
        ['TCP 80', 'TCP 443', 'TCP 5432', 'TCP 53', 'UDP 53'].filter((port) => allows(policies, [from, address, port])),
      )
    expect(open).toEqual([])
    // The same ranges do open what is beside it.
    expect(allows(policies, [POD.litellm, '169.1.2.3', 'TCP 443'])).toBe(true)
  })

  it('follows the configuration: no cache, no database, local accounts', async () => {
    const world = await deployed({ config: { preset: 'lean' } })
    const policies = await policiesOf(world)
    const home = 'llm-gateway'
    const own = (end: End & object) => ({ ...end, namespace: home })
    expect(allows(policies, [own(POD.ui), own(POD.litellm), 'TCP 4000'])).toBe(true)
    expect(allows(policies, [own(POD.litellm), DATABASE, 'TCP 5432'])).toBe(false)
    expect(allows(policies, [own(POD.ui), BEDROCK, 'TCP 443'])).toBe(false)
    expect(policies.map(({ metadata }) => metadata.name)).not.toContain('llmgw-redis')
  })

  it('follows the models', async () => {
    const model = (name: string, baseUrl: string) => ({ name, provider: 'openai-compatible', model: name, baseUrl })
    const models = [
      model('near', 'http://vllm.models.svc.cluster.local:8000/v1'),
      model('far', 'https://llm.example.com:8443/v1'),
    ]
    const policies = await policiesOf(await deployed({ config: { models } }))
    expect(allows(policies, [POD.litellm, { namespace: 'models', labels: {} }, 'TCP 8000'])).toBe(true)
    expect(allows(policies, [POD.litellm, BEDROCK, 'TCP 8443'])).toBe(true)
    expect(allows(policies, [POD.litellm, BEDROCK, 'TCP 443'])).toBe(false)
  })

  it('lets in the clients that are named, and with nobody named nobody', async () => {
    const ingress = { gateway: { namespaces: ['apps'], cidrs: [] }, ui: { namespaces: [], cidrs: ['10.0.0.0/16'] } }
    const policies = await policiesOf(await deployed({ config: { networkPolicies: { ingress } } }))
    expect(allows(policies, [{ namespace: 'apps', labels: {} }, POD.litellm, 'TCP 4000'])).toBe(true)
    expect(allows(policies, [POD.stranger, POD.litellm, 'TCP 4000'])).toBe(false)
    expect(allows(policies, [DATABASE, POD.ui, 'TCP 8080'])).toBe(true)
    expect(allows(policies, [BEDROCK, POD.ui, 'TCP 8080'])).toBe(false)
  })

  it('never writes a rule without peers: it would mean everybody', async () => {
    const rules = (await policiesOf(await deployed())).flatMap(({ spec }) => {
      const { ingress = [], egress = [] } = spec as { ingress?: { from?: unknown[] }[]; egress?: { to?: unknown[] }[] }
      return [...ingress.map(({ from }) => from), ...egress.map(({ to }) => to)]
    })
    expect(rules.length).toBeGreaterThan(10)
    expect(rules.filter((peers) => peers === undefined || peers.length === 0)).toEqual([])
  })
})

describe('changing a running platform', () => {
  const withoutCache = { config: { cache: { kind: 'none' } } }

  it('keeps what was allowed until everything else has had its turn', async () => {
    const world = await deployed()
    const later = world.with(withoutCache)
    const before = await world.kube.find(GATEWAY_POLICY)
    expect((await check(networkPolicies, later)).state).toBe('current')
    await converge(networkPolicies, later)
    expect(await world.kube.find(GATEWAY_POLICY)).toEqual(before)
    const seen = await check(isolation, later)
    const prometheus = 'update networkpolicy monitoring/llmgw-prometheus'
    expect(plan(seen)).toEqual([prometheus, 'update networkpolicy litellm/llmgw-litellm'])
    expect(JSON.stringify(changesOf(seen))).toContain('redis-ha-haproxy')
    await converge(isolation, later)
    expect(allows(await policiesOf(world), [POD.litellm, POD.haproxy, 'TCP 6379'])).toBe(false)
  })

  it('opens what is new before anything else, beside what was allowed', async () => {
    const world = await deployed(withoutCache)
    const later = world.with({
      config: { cache: { kind: 'redis-ha', replicas: 3, storage: '4Gi', memory: '512Mi' }, database: { kind: 'none' } },
    })
    await converge(networkPolicies, later)
    const policies = await policiesOf(world)
    expect(allows(policies, [POD.litellm, POD.haproxy, 'TCP 6379'])).toBe(true)
    expect(allows(policies, [POD.litellm, DATABASE, 'TCP 5432'])).toBe(true)
    await converge(isolation, later)
    expect(allows(await policiesOf(world), [POD.litellm, DATABASE, 'TCP 5432'])).toBe(false)
  })

  it('denies last and stops denying first', () => {
    const { order } = buildGraph(steps)
    expect(order.at(-1)?.id).toBe('network-isolation')
    const late = order.at(-1)?.needs.map(({ edge, step }) => `${edge} ${step.id}`) ?? []
    expect(late).toContain('applied network-policies')
    for (const { id } of order.slice(0, -1)) if (id !== 'network-policies') expect(late).toContain(`after ${id}`)
  })

  it('mends a rule that somebody took out, and one that somebody put in', async () => {
    const world = await deployed()
    const live = await world.kube.find(GATEWAY_POLICY)
    const { egress = [] } = (live?.spec ?? {}) as { egress?: unknown[] }
    await world.kube.patch(GATEWAY_POLICY, {
      spec: { egress: [...egress.slice(1), { to: [{ ipBlock: { cidr: '0.0.0.0/0' } }] }] },
    })
    expect(plan(await check(networkPolicies, world))).toEqual(['update networkpolicy litellm/llmgw-litellm'])
    expect(plan(await check(isolation, world))).toEqual(['update networkpolicy litellm/llmgw-litellm'])
    await converge(networkPolicies, world)
    expect((await check(networkPolicies, world)).state).toBe('current')
    expect((await converge(isolation, world)).state).toBe('current')
    expect((await world.kube.find(GATEWAY_POLICY))?.spec).toEqual(live?.spec)
  })

  it('mends a denial that was weakened', async () => {
    const world = await deployed()
    await world.kube.patch(DENIAL, { spec: { podSelector: { matchLabels: { app: 'nobody' } } } })
    const seen = await check(isolation, world)
    expect([seen.state, plan(seen)]).toEqual(['drifted', ['update networkpolicy litellm/llmgw-default-deny']])
    expect((await converge(isolation, world)).state).toBe('current')
  })

  it("refuses what another deployment owns, adopts nobody's only when asked, and removes only ours", async () => {
    const world = await deployed()
    await world.kube.patch(DENIAL, { metadata: { labels: { 'llmgw.dev/deployment': 'other' } } })
    await expect(check(isolation, world)).rejects.toMatchObject({ code: 'ForeignOwner' })
    expect(await destroy(isolation, world)).toEqual([
      'networkpolicy litellm/llmgw-default-deny is left: it is not ours',
    ])
    await world.kube.patch(DENIAL, { metadata: { labels: { 'llmgw.dev/deployment': null } } })
    await expect(check(isolation, world)).rejects.toMatchObject({ code: 'NotOwned' })
    const adopting = world.with({ options: { adopt: true } })
    expect(plan(await check(isolation, adopting))).toContain('adopt networkpolicy litellm/llmgw-default-deny')
    expect((await converge(isolation, adopting)).state).toBe('current')
  })

  it('leaves policies of others alone', async () => {
    const world = await deployed()
    const theirs: KubeObject = {
      ...KIND,
      metadata: { name: 'theirs', namespace: 'litellm' },
      spec: { podSelector: {}, policyTypes: ['Ingress'] },
    }
    world.kube.seed(theirs)
    expect((await check(networkPolicies, world)).state).toBe('current')
    expect((await check(isolation, world)).state).toBe('current')
  })
})

describe('without NetworkPolicies', () => {
  it('has no such steps', () => {
    const world = fakeWorld({ config: { networkPolicies: { enabled: false } } })
    const off = ([networkPolicies, isolation] as LlmgwStep[]).map((step) => step.off?.(world))
    expect(off).toEqual(['networkPolicies.enabled is false', 'networkPolicies.enabled is false'])
  })
})
