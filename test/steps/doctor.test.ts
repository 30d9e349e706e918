import { describe, expect, it } from 'vitest'
import { buildGraph } from '../../src/engine/graph.ts'
import type { KubeObject, LlmgwStep } from '../../src/ports/index.ts'
import { Secret } from '../../src/secret.ts'
import { doctorChecks } from '../../steps/doctor/index.ts'
import { accessWords, neededAccess } from '../../steps/doctor/kube-access.ts'
import { steps } from '../../steps/index.ts'
import { CACHE_TLS, cacheCertificate } from '../fakes/cache-certificate.ts'
import { type FakeWorld, type FakeWorldOverrides, fakeWorld } from '../fakes/fake-world.ts'
import { converge } from './run.ts'

const PINNED = Object.fromEntries(
  ['external-secrets', 'gatekeeper', 'jaeger', 'kube-prometheus-stack', 'litellm', 'open-webui', 'redis-ha'].map(
    (key) => [key, { pinned: true }],
  ),
)
const DEFAULT = 'storageclass.kubernetes.io/is-default-class'

function node(name: string, zone: string, allocatable: Record<string, string> = {}): KubeObject {
  return {
    apiVersion: 'v1',
    kind: 'Node',
    metadata: { name, labels: { 'topology.kubernetes.io/zone': zone } },
    spec: {},
    status: {
      allocatable: { cpu: '3920m', memory: '15Gi', pods: '58', ...allocatable },
      conditions: [{ type: 'Ready', status: 'True' }],
    },
  }
}

const storageClass = (name: string, provisioner = 'ebs.csi.aws.com'): KubeObject => ({
  apiVersion: 'storage.k8s.io/v1',
  kind: 'StorageClass',
  metadata: { name, annotations: { [DEFAULT]: 'true' } },
  provisioner,
})
const DRIVER = { apiVersion: 'storage.k8s.io/v1', kind: 'CSIDriver', metadata: { name: 'ebs.csi.aws.com' } }

const busyPod = (cpu: string, nodeName: string): KubeObject => ({
  apiVersion: 'v1',
  kind: 'Pod',
  metadata: { name: `busy-${nodeName}`, namespace: 'default' },
  spec: { nodeName, containers: [{ resources: { requests: { cpu } } }] },
  status: { phase: 'Running' },
})

const quota = (hard: string, used: string): KubeObject => ({
  apiVersion: 'v1',
  kind: 'ResourceQuota',
  metadata: { name: 'small', namespace: 'litellm' },
  status: { hard: { pods: hard }, used: { pods: used } },
})

const volumeIn = (zone: string): KubeObject => ({
  apiVersion: 'v1',
  kind: 'PersistentVolume',
  metadata: { name: 'pv-1' },
  spec: {
    claimRef: { namespace: 'litellm', name: 'data-redis-0' },
    nodeAffinity: {
      required: {
        nodeSelectorTerms: [
          { matchExpressions: [{ key: 'topology.ebs.csi.aws.com/zone', operator: 'In', values: [zone] }] },
        ],
      },
    },
  },
})

const hook = (more: object = {}): KubeObject => ({
  apiVersion: 'admissionregistration.k8s.io/v1',
  kind: 'ValidatingWebhookConfiguration',
  metadata: { name: 'gate' },
  webhooks: [
    {
      name: 'pods.gate.example.com',
      clientConfig: { service: { name: 'gate', namespace: 'tools' } },
      rules: [{ apiGroups: [''], resources: ['pods'], operations: ['CREATE'] }],
      ...more,
    },
  ],
})

const MAY_CALL = {
  Version: '2012-10-17',
  Statement: [{ Effect: 'Allow', Action: 'bedrock:Invoke*', Resource: 'arn:aws:bedrock:*' }],
}

const gatewayRole = ({ config, aws }: FakeWorld): void => {
  const name = config.irsa.gateway.roleName
  const arn = `arn:aws:iam::123456789012:role/${name}`
  const [like] = fakeWorld({
    aws: { roles: [{ name, arn, tags: { 'llmgw.dev/deployment': config.deployment } }] },
  }).aws.state.roles.values()
  if (like) aws.state.roles.set(name, { ...like, inline: { models: MAY_CALL } })
}

/** An account and a cluster that are ready: three nodes in three zones, a default class with its driver, pinned charts. */
function readyWorld(overrides: FakeWorldOverrides = {}): FakeWorld {
  const world = fakeWorld({ charts: PINNED, ...overrides, config: { cache: CACHE_TLS, ...overrides.config } })
  world.kube.seed(cacheCertificate())
  for (const zone of ['a', 'b', 'c']) world.kube.seed(node(`node-${zone}`, `us-east-1${zone}`))
  world.kube.seed(storageClass('gp3'))
  world.kube.seed(DRIVER)
  gatewayRole(world)
  return world
}

async function run(id: string, world: FakeWorld) {
  const check = doctorChecks.find((candidate) => candidate.id === id)
  if (check === undefined) throw new Error(`no check ${id}`)
  return await check.run({ ...world, signal: new AbortController().signal })
}

function reject(world: FakeWorld): void {
  world.kube.deny(({ verb }) => verb === '*')
  world.kube.deny(({ verb, resource }) => verb === 'patch' && resource === 'statefulsets')
}

/** What each check must not miss. */
const SPOILED: Readonly<Record<string, { spoil: (world: FakeWorld) => unknown; found: RegExp }>> = {
  'permissions-cluster': {
    spoil: reject,
    found:
      /^not allowed: patch statefulsets\.apps in monitoring; patch statefulsets\.apps in litellm; patch statefulsets\.apps in open-webui$/,
  },
  'permissions-aws': {
    spoil: ({ aws }) => aws.state.deniedActions.add('iam:CreateRole'),
    found: /user\/operator: not allowed: iam:CreateRole$/,
  },
  'oidc-provider': { spoil: ({ aws }) => aws.state.oidcProviders.clear(), found: /the account has none for oidc\.eks/ },
  'storage-class': {
    spoil: ({ kube }) => kube.remove({ ...DRIVER, name: 'ebs.csi.aws.com' }),
    found: /no CSIDriver ebs\.csi\.aws\.com/,
  },
  capacity: {
    spoil: ({ kube }) => ['a', 'b', 'c'].map((zone) => kube.seed(busyPod('3900m', `node-${zone}`))),
    found: /needed [\d.]+ CPU, [\d.]+ GiB, \d+ pods; free on 3 schedulable nodes: 0\.06 CPU/,
  },
  'chart-external-secrets': {
    spoil: (world) => world.helm.setChart('external-secrets', { pinned: false }),
    found: /digest not pinned/,
  },
  'chart-gatekeeper': {
    spoil: (world) => world.helm.setChart('gatekeeper', { pinned: false }),
    found: /digest not pinned/,
  },
  'chart-jaeger': { spoil: (world) => world.helm.setChart('jaeger', { pinned: false }), found: /digest not pinned/ },
  'chart-litellm': {
    spoil: (world) => world.helm.setChart('litellm', { pinned: false }),
    found: /digest not pinned/,
  },
  'chart-openwebui': {
    spoil: (world) => world.helm.setChart('open-webui', { pinned: false }),
    found: /digest not pinned/,
  },
  'chart-monitoring': {
    spoil: (world) => world.helm.setChart('kube-prometheus-stack', { pinned: false }),
    found: /digest not pinned/,
  },
  'chart-redis': { spoil: (world) => world.helm.setChart('redis-ha', { pinned: false }), found: /digest not pinned/ },
  zones: {
    spoil: ({ kube }) =>
      kube.patch({ apiVersion: 'v1', kind: 'Node', name: 'node-c' }, { spec: { unschedulable: true } }),
    found: /3 servers, 2 schedulable nodes in 2 zones: us-east-1a, us-east-1b/,
  },
  'cache-certificate': {
    spoil: ({ kube }) => kube.seed(cacheCertificate({ names: [] })),
    found: /^tls\.crt of Secret litellm\/redis-tls is not for redis-redis-ha-haproxy\.litellm\.svc, localhost$/,
  },
  quotas: {
    spoil: ({ kube }) => kube.seed(quota('10', '10')),
    found: /^used up: pods 10 of 10 \(litellm\/small\)$/,
  },
  'volume-zones': {
    spoil: ({ kube }) => kube.seed(volumeIn('us-east-1f')),
    found: /no schedulable node stands where they are: litellm\/data-redis-0 in us-east-1f/,
  },
  webhooks: {
    spoil: ({ kube }) => kube.seed(hook()),
    found: /pods\.gate\.example\.com of gate \(Service tools\/gate is gone\)$/,
  },
  bedrock: {
    spoil: ({ aws }) => aws.state.deniedActions.add('bedrock:InvokeModel'),
    found: /^role \S+-gateway may not call arn:aws:bedrock:/,
  },
  'network-policies': {
    spoil: ({ kube }) =>
      kube.remove({ apiVersion: 'apps/v1', kind: 'DaemonSet', name: 'aws-node', namespace: 'kube-system' }),
    found: /^NetworkPolicies are not enforced here: no DaemonSet aws-node/,
  },
  secrets: {
    async spoil({ secretsManager }) {
      await secretsManager.create({
        name: 'litellm/salt-key',
        value: new Secret('planted-value'),
        description: '',
        tags: {},
      })
      await secretsManager.scheduleDeletion('litellm/salt-key', 7)
    },
    found: /scheduled for deletion: litellm\/salt-key \(20/,
  },
}
const WARNINGS = new Set([
  'zones',
  'network-policies',
  'chart-external-secrets',
  'chart-gatekeeper',
  'chart-jaeger',
  'chart-litellm',
  'chart-openwebui',
  'chart-monitoring',
  'chart-redis',
])

describe('checks of doctor', () => {
  it('each have a negative control', () => {
    expect(Object.keys(SPOILED).sort()).toEqual(doctorChecks.map(({ id }) => id).sort())
  })

  it.each(doctorChecks.map(({ id }) => id))('%s passes, and does not when it must not', async (id) => {
    const world = readyWorld()
    expect(await run(id, world)).toMatchObject({ result: 'pass' })
    await SPOILED[id]?.spoil(world)
    const after = await run(id, world)
    expect(after.result).toBe(WARNINGS.has(id) ? 'warn' : 'fail')
    expect(after.evidence).toMatch(SPOILED[id]?.found ?? /never/)
    expect(after.fix).toBeDefined()
  })

  it('write nothing', async () => {
    const world = readyWorld()
    for (const { id } of doctorChecks) await run(id, world)
    expect(world.writes()).toEqual([])
  })
})

describe('the certificate of Redis', () => {
  it('is no question without TLS, and one of time while it lasts', async () => {
    expect(await run('cache-certificate', fakeWorld())).toMatchObject({ result: 'skip' })
    const world = readyWorld()
    world.kube.seed(cacheCertificate({ notAfter: new Date('2026-01-20') }))
    expect(await run('cache-certificate', world)).toMatchObject({
      result: 'warn',
      evidence: 'Secret litellm/redis-tls ends on 2026-01-20',
    })
  })

  it('fits, but servers that run cannot change to it', async () => {
    const world = readyWorld()
    world.kube.seed({
      apiVersion: 'apps/v1',
      kind: 'StatefulSet',
      metadata: { name: 'redis-redis-ha-server', namespace: 'litellm' },
      spec: { replicas: 3, template: { spec: { containers: [{ ports: [{ name: 'redis' }] }] } } },
    })
    expect(await run('cache-certificate', world)).toMatchObject({
      result: 'fail',
      evidence: expect.stringContaining('speaks plain text, and its 3 servers cannot change to TLS one by one'),
      fix: expect.stringContaining('delete statefulset redis-redis-ha-server'),
    })
  })
})

describe('quotas', () => {
  it('warn where little is left, and leave those of others alone', async () => {
    const world = readyWorld()
    world.kube.seed(quota('100', '95'))
    expect(await run('quotas', world)).toMatchObject({ result: 'warn', evidence: expect.stringContaining('95 of 100') })
    const others = readyWorld()
    others.kube.seed({ ...quota('1', '1'), metadata: { name: 'x', namespace: 'elsewhere' } })
    expect(await run('quotas', others)).toMatchObject({ result: 'pass' })
  })
})

describe('webhooks', () => {
  const SERVICE = { apiVersion: 'v1', kind: 'Service', metadata: { name: 'gate', namespace: 'tools' } }
  const slice = (ready: boolean): KubeObject => ({
    apiVersion: 'discovery.k8s.io/v1',
    kind: 'EndpointSlice',
    metadata: { name: 'gate-1', namespace: 'tools', labels: { 'kubernetes.io/service-name': 'gate' } },
    endpoints: [{ conditions: { ready } }],
  })

  it.each([
    ['is served', {}, [SERVICE, slice(true)], 'pass'],
    ['has no pod that is ready', {}, [SERVICE, slice(false)], 'fail'],
    ['is ignored while it does not answer', { failurePolicy: 'Ignore' }, [], 'pass'],
    ['is asked about nodes only', { rules: [{ resources: ['nodes'], operations: ['*'] }] }, [], 'pass'],
    ['is asked about deletions only', { rules: [{ resources: ['pods'], operations: ['DELETE'] }] }, [], 'pass'],
    [
      'leaves our namespaces alone',
      { namespaceSelector: { matchLabels: { 'kubernetes.io/metadata.name': 'team-b' } } },
      [],
      'pass',
    ],
    [
      'is asked about all namespaces but one',
      {
        namespaceSelector: {
          matchExpressions: [{ key: 'kubernetes.io/metadata.name', operator: 'NotIn', values: ['kube-system'] }],
        },
      },
      [],
      'fail',
    ],
  ] as const)('one that %s', async (_, more, there, result) => {
    const world = readyWorld()
    world.kube.seed(hook(more))
    for (const object of there) world.kube.seed(object)
    expect(await run('webhooks', world)).toMatchObject({ result })
  })
})

describe('zones of volumes', () => {
  it('are right where a node stands in them', async () => {
    const world = readyWorld()
    world.kube.seed(volumeIn('us-east-1a'))
    expect(await run('volume-zones', world)).toMatchObject({ result: 'pass', evidence: /^1 volumes of ours/ })
  })

  it.each([
    [{ volumeBindingMode: 'Immediate' }, 'warn', /before its pod has a node/],
    [{ volumeBindingMode: 'WaitForFirstConsumer' }, 'pass', /nodes in us-east-1a/],
    [
      {
        allowedTopologies: [
          { matchLabelExpressions: [{ key: 'topology.ebs.csi.aws.com/zone', values: ['us-east-1f'] }] },
        ],
      },
      'fail',
      /in us-east-1f only/,
    ],
  ] as const)('are those that the class may choose: %j', async (more, result, evidence) => {
    const world = readyWorld()
    world.kube.seed({ ...storageClass('gp3'), ...more })
    expect(await run('volume-zones', world)).toMatchObject({ result, evidence: expect.stringMatching(evidence) })
  })
})

describe('models of Bedrock', () => {
  const model = (id: string) => ({
    models: [{ name: 'chat', provider: 'bedrock', model: id }],
  })

  it.each([
    ['eu.anthropic.claude-sonnet-4-5-20250929-v1:0', 'warn', /not known to be called from us-east-1: eu\.anthropic/],
    ['us.anthropic.claude-sonnet-4-5-20250929-v1:0', 'pass', /all allowed to role/],
    ['amazon.titan-embed-text-v2:0', 'pass', /all allowed to role/],
  ] as const)('%s from us-east-1', async (id, result, evidence) => {
    expect(await run('bedrock', readyWorld({ config: model(id) }))).toMatchObject({
      result,
      evidence: expect.stringMatching(evidence),
    })
  })

  it('cannot be judged before the role is there, and are not guessed', async () => {
    const world = readyWorld()
    world.aws.state.roles.clear()
    expect(await run('bedrock', world)).toMatchObject({ result: 'could-not-look' })
  })
})

describe('what doctor mends', () => {
  const repairOf = async (id: string, world: FakeWorld) =>
    await doctorChecks.find((one) => one.id === id)?.repair?.({ ...world, signal: new AbortController().signal })

  it('is the deletion of a secret', async () => {
    const world = readyWorld()
    expect(await repairOf('secrets', world)).toBeUndefined()
    await SPOILED.secrets?.spoil(world)
    const repair = await repairOf('secrets', world)
    expect(repair?.words).toBe('cancel the deletion of litellm/salt-key; values stay as they are')
    await repair?.run()
    expect(await run('secrets', world)).toMatchObject({ result: 'pass' })
  })

  it('is a lone StorageClass that is no default, where nobody else would make one', async () => {
    const plain = (name: string): KubeObject => ({ ...storageClass(name), metadata: { name } })
    const world = readyWorld({ config: { storage: { manage: 'off' } } })
    world.kube.seed(plain('gp3'))
    expect(await run('storage-class', world)).toMatchObject({ result: 'fail' })
    const repair = await repairOf('storage-class', world)
    expect(repair?.words).toBe('mark StorageClass gp3, the only one there is, as default')
    await repair?.run()
    expect(await run('storage-class', world)).toMatchObject({ result: 'pass' })
    expect(await repairOf('storage-class', world)).toBeUndefined()
    world.kube.seed(plain('gp3'))
    world.kube.seed(plain('io2'))
    expect(await repairOf('storage-class', world)).toBeUndefined()
  })
})

/** The write as `kubectl auth can-i` would ask for it. */
function patchWords({ ref: { apiVersion = '', kind, namespace } }: FakeWorld['kube']['writes'][number]): string {
  const group = apiVersion.replace(/(^|\/)[^/]*$/, '')
  // The plural of a constraint's kind is its singular.
  const regular = `${kind.toLowerCase()}${kind.endsWith('s') ? 'es' : 's'}`.replace(/ys$/, 'ies')
  const plural = group === 'constraints.gatekeeper.sh' ? kind.toLowerCase() : regular
  return accessWords({ verb: 'patch', group, resource: plural, ...(namespace === undefined ? {} : { namespace }) })
}

describe('permissions in the cluster', () => {
  it('cover every kind that a deployment writes, where it writes it', async () => {
    const world = readyWorld()
    for (const step of buildGraph(steps).order) await converge(step as LlmgwStep<unknown>, world)
    const asked = new Set(neededAccess(world.config).map(accessWords))
    const written = world.kube.writes.filter(({ verb }) => verb === 'apply' || verb === 'create').map(patchWords)
    // Controllers make these, not we.
    const ours = written.filter((words) => !/ (endpointslices|pods)\b/.test(words))
    expect(ours.length).toBeGreaterThan(10)
    expect(ours.filter((words) => !asked.has(words))).toEqual([])
  })

  it('ask an administrator once, and everybody about each', async () => {
    const world = readyWorld()
    await run('permissions-cluster', world)
    expect(world.kube.reads).toHaveLength(1)
    world.kube.deny(({ verb }) => verb === '*')
    expect(await run('permissions-cluster', world)).toMatchObject({ result: 'pass' })
    expect(world.kube.reads.length).toBe(2 + neededAccess(world.config).length)
  })
})

describe('permissions in the account', () => {
  it('are those of the role behind a session, with its path', async () => {
    const arn = 'arn:aws:iam::123456789012:role/team/deployer'
    const world = readyWorld({
      aws: { callerArn: 'arn:aws:sts::123456789012:assumed-role/deployer/me', roles: [{ name: 'deployer', arn }] },
    })
    expect((await run('permissions-aws', world)).evidence).toContain(`SimulatePrincipalPolicy of ${arn}: `)
  })
})

describe('capacity', () => {
  it('is not taken twice by what already runs of ours', async () => {
    const world = readyWorld()
    for (const step of buildGraph(steps).order) await converge(step as LlmgwStep<unknown>, world)
    const mine = (cpu: string, owner: string): KubeObject => ({
      ...busyPod(cpu, 'node-a'),
      metadata: {
        name: 'redis-redis-ha-server-0',
        namespace: 'litellm',
        ownerReferences: [{ kind: 'StatefulSet', name: owner, uid: 'x', controller: true }],
      },
    })
    world.kube.seed(mine('3', 'redis-redis-ha-server'))
    expect((await run('capacity', world)).evidence).toMatch(/nodes: 11\.76 CPU/)
    world.kube.seed(mine('3', 'somebody-else'))
    expect((await run('capacity', world)).evidence).toMatch(/nodes: 8\.76 CPU/)
  })

  it('warns where only the sum fits, and where nodes are made on demand', async () => {
    const world = readyWorld()
    const small = { cpu: '4', memory: '15Gi', pods: '3' }
    for (const zone of ['a', 'b', 'c']) world.kube.seed(node(`node-${zone}`, zone, small))
    expect(await run('capacity', world)).toMatchObject({ result: 'fail' })
    for (const name of ['d', 'e', 'f', 'g']) world.kube.seed(node(`node-${name}`, 'a', { cpu: '10m', pods: '9' }))
    expect(await run('capacity', world)).toMatchObject({
      result: 'warn',
      evidence: expect.stringContaining('no single node'),
    })
  })
})

describe('storage class', () => {
  it.each([
    ['create', 'pass'],
    ['ask', 'warn'],
    ['off', 'fail'],
  ])('none, with storage.manage %s: %s', async (manage, result) => {
    const world = readyWorld({ config: { storage: { manage } } })
    await world.kube.remove({ apiVersion: 'storage.k8s.io/v1', kind: 'StorageClass', name: 'gp3' })
    expect(await run('storage-class', world)).toMatchObject({ result })
  })

  it('two defaults are a warning', async () => {
    const world = readyWorld()
    world.kube.seed(storageClass('gp2'))
    expect(await run('storage-class', world)).toMatchObject({ result: 'warn' })
  })
})

describe('secrets', () => {
  it('that only people know are named with their variables', async () => {
    const found = await run('secrets', readyWorld({ provided: {} }))
    expect(found).toMatchObject({ result: 'warn', fix: expect.stringContaining('LLMGW_SECRET_LITELLM_DATABASE_URL') })
  })
})

describe('oidc provider', () => {
  it('without the audience of STS is of no use', async () => {
    const world = readyWorld()
    for (const [arn, one] of world.aws.state.oidcProviders)
      world.aws.state.oidcProviders.set(arn, { ...one, audiences: ['x'] })
    expect(await run('oidc-provider', world)).toMatchObject({
      result: 'fail',
      evidence: expect.stringContaining('audiences x'),
    })
  })
})
