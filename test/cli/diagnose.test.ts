import { describe, expect, it } from 'vitest'
import { StepError } from '../../src/errors.ts'
import type { KubeObject, ObjectRef } from '../../src/ports/index.ts'
import { type FakeWorld, fakeWorld } from '../fakes/fake-world.ts'
import { runCli } from './run-cli.ts'

async function deployed(): Promise<FakeWorld> {
  const world = fakeWorld()
  expect((await runCli('deploy all --yes', { world })).code).toBe(0)
  return world
}

async function redisSet(world: FakeWorld): Promise<KubeObject & { readonly metadata: { readonly namespace: string } }> {
  const sets = await world.kube.list({ apiVersion: 'apps/v1', kind: 'StatefulSet', namespace: 'litellm' })
  const found = sets.find(({ metadata }) => metadata.name.includes('redis'))
  if (!found) throw new Error('no StatefulSet of Redis')
  return found as Awaited<ReturnType<typeof redisSet>>
}

const refTo = ({ apiVersion, kind, metadata: { name, namespace } }: KubeObject): ObjectRef => ({
  apiVersion,
  kind,
  name,
  namespace,
})

/** The StatefulSet lacks a pod. */
async function oneLess(world: FakeWorld): Promise<KubeObject> {
  const set = await redisSet(world)
  const { replicas = 1 } = set.spec as { replicas?: number }
  world.kube.setStatus(refTo(set), {
    observedGeneration: set.metadata.generation,
    replicas,
    readyReplicas: 0,
    availableReplicas: 0,
  })
  return set
}

/** Its first pod, as its kubelet tells of it. */
async function pod(world: FakeWorld, spec: object, status: object): Promise<void> {
  const set = await oneLess(world)
  const { selector } = set.spec as { selector: { matchLabels: Record<string, string> } }
  const { name, namespace = '', uid = '' } = set.metadata
  world.kube.seed({
    apiVersion: 'v1',
    kind: 'Pod',
    metadata: {
      name: `${name}-0`,
      namespace,
      labels: selector.matchLabels,
      ownerReferences: [{ kind: 'StatefulSet', name, uid, controller: true }],
    },
    spec,
    status,
  })
}

interface Report {
  readonly healthy: boolean
  readonly root: { readonly code: string; readonly message: string; readonly hint?: string } | null
  readonly diagnoses: readonly { readonly step: string; readonly causes: readonly { readonly code: string }[] }[]
}

async function diagnosed(world: FakeWorld, words = ''): Promise<{ code: number; report: Report }> {
  const { code, stdout } = await runCli(`diagnose ${words} --output json`, { world })
  return { code, report: JSON.parse(stdout) as Report }
}

const CANNOT_START = {
  phase: 'Pending',
  containerStatuses: [
    {
      name: 'redis',
      ready: false,
      restartCount: 0,
      state: { waiting: { reason: 'CreateContainerConfigError', message: 'secret "redis-credentials" not found' } },
    },
  ],
}
const NEEDS_PASSWORD = {
  containers: [
    {
      name: 'redis',
      env: [{ name: 'P', valueFrom: { secretKeyRef: { name: 'redis-credentials', key: 'redis-password' } } }],
    },
  ],
}
const COPY = { apiVersion: 'v1', kind: 'Secret', namespace: 'litellm', name: 'redis-credentials' }

describe('llmgw diagnose', () => {
  it('finds nothing where all works, and does not take what is not deployed for sick', async () => {
    const world = await deployed()
    expect(await diagnosed(world)).toMatchObject({ code: 0, report: { healthy: true, root: null, diagnoses: [] } })
    const { code, stdout } = await runCli('diagnose redis', { world: fakeWorld() })
    expect([code, stdout]).toEqual([0, 'nothing is found that does not work; not deployed: redis\n'])
  })

  it('goes from a pod that cannot start over its Secret and its sync to the remote secret', async () => {
    const world = await deployed()
    await pod(world, NEEDS_PASSWORD, CANNOT_START)
    await world.kube.remove(COPY)
    world.kube.settle(
      { ...COPY, apiVersion: 'external-secrets.io/v1', kind: 'ExternalSecret' },
      { failed: 'could not get secret data from provider' },
    )
    await world.secretsManager.purge('litellm/redis-password')
    const { code, report } = await diagnosed(world, 'redis')
    expect(code).toBe(1)
    const redis = report.diagnoses.find(({ step }) => step === 'redis')
    expect(redis?.causes.map((cause) => cause.code)).toEqual([
      'CreateContainerConfigError',
      'SourceMissing',
      'SecretNotSynced',
      'RemoteSecretMissing',
    ])
    expect(report.root).toMatchObject({
      message:
        'secret litellm/redis-password is not in AWS Secrets Manager, so ExternalSecret litellm/redis-credentials cannot sync',
      hint: 'llmgw deploy secrets',
    })
    const { stdout } = await runCli('diagnose redis', { world })
    expect(stdout).toMatch(/because Secret litellm\/redis-credentials is not there/)
    expect(stdout).toMatch(/it comes down to: secret litellm\/redis-password is not in AWS Secrets Manager/)
  })

  it('stops at a Secret that lacks a key though all is synced', async () => {
    const world = await deployed()
    await pod(world, { containers: [{ name: 'redis', envFrom: [{ secretRef: { name: 'elsewhere' } }] }] }, CANNOT_START)
    const { report } = await diagnosed(world, 'redis')
    expect(report.root).toMatchObject({
      code: 'SourceMissing',
      message: expect.stringContaining('Secret litellm/elsewhere is not there'),
    })
  })

  it.each([
    [
      'exceeded quota: small, requested: pods=1, used: pods=5, limited: pods=5',
      'QuotaExceeded',
      /quota small of namespace litellm is exhausted: requested: pods=1, used: pods=5/,
    ],
    [
      'violates PodSecurity "restricted:latest": runAsNonRoot != true',
      'PodSecurityDenied',
      /namespace litellm allows only pods of PodSecurity restricted:latest: runAsNonRoot/,
    ],
    [
      'admission webhook "validation.gatekeeper.sh" denied the request: [no-latest] tag latest is not allowed',
      'AdmissionDenied',
      /"validation\.gatekeeper\.sh" refuses it: \[no-latest\] tag latest/,
    ],
    [
      'maximum memory usage per Container is 1Mi, but limit is 512Mi',
      'LimitRangeExceeded',
      /a LimitRange of namespace litellm does not allow it: maximum memory usage per Container is 1Mi, but limit is 512Mi/,
    ],
    ['serviceaccount "redis" not found', 'ServiceAccountMissing', /ServiceAccount litellm\/redis is not there/],
  ])('names who refuses pods: %s', async (why, expected, message) => {
    const world = await deployed()
    const set = await oneLess(world)
    world.kube.event(refTo(set), {
      reason: 'FailedCreate',
      type: 'Warning',
      message: `create Pod redis-0 failed: pods "redis-0" is forbidden: ${why}`,
    })
    const { report } = await diagnosed(world, 'redis')
    expect(report.root).toMatchObject({ code: expected, message: expect.stringMatching(message) })
  })

  const SERVICE = { apiVersion: 'v1', kind: 'Service', metadata: { name: 'gate', namespace: 'tools' } }
  const slice = (ready: boolean): KubeObject => ({
    apiVersion: 'discovery.k8s.io/v1',
    kind: 'EndpointSlice',
    metadata: { name: 'gate-1', namespace: 'tools', labels: { 'kubernetes.io/service-name': 'gate' } },
    endpoints: [{ addresses: ['10.0.0.9'], conditions: { ready } }],
  })

  it.each([
    ['is gone', 'service "gate" not found', [], 'kubectl delete validatingwebhookconfiguration orphaned'],
    ['has no pod that is ready', 'dial tcp: connection refused', [SERVICE, slice(false)], 'kubectl get endpointslices'],
    ['does not answer within 3 s', 'context deadline exceeded', [SERVICE, slice(true)], 'kubectl get endpointslices'],
    ['does not answer', 'connection reset by peer', [SERVICE, slice(true)], 'kubectl get endpointslices'],
    ['is not trusted: x509: unknown authority', 'x509: unknown authority', [SERVICE, slice(true)], 'kubectl get'],
  ] as const)('tells a webhook whose Service %s from a denial', async (state, words, there, hint) => {
    const world = await deployed()
    const set = await oneLess(world)
    world.kube.seed({
      apiVersion: 'admissionregistration.k8s.io/v1',
      kind: 'ValidatingWebhookConfiguration',
      metadata: { name: 'orphaned' },
      webhooks: [
        {
          name: 'check.example.com',
          timeoutSeconds: 3,
          clientConfig: { caBundle: 'eA==', service: { name: 'gate', namespace: 'tools' } },
        },
      ],
    })
    for (const object of there) world.kube.seed(object)
    world.kube.event(refTo(set), {
      reason: 'FailedCreate',
      type: 'Warning',
      message: `create Pod failed: Internal error occurred: failed calling webhook "check.example.com": ${words}`,
    })
    const { report } = await diagnosed(world, 'redis')
    expect(report.root).toMatchObject({
      code: 'WebhookUnserved',
      message: expect.stringMatching(new RegExp(`Service tools/gate, which should answer it, ${state}$`)),
      hint: expect.stringContaining(hint),
    })
  })

  const node = (spec: object, labels = {}): KubeObject => ({
    apiVersion: 'v1',
    kind: 'Node',
    metadata: { name: 'worker-1', labels },
    spec,
    status: { allocatable: { cpu: '2', memory: '4Gi' } },
  })
  const TAINT = { taints: [{ key: 'team', value: 'data', effect: 'NoSchedule' }] }
  const LARGE = { containers: [{ name: 'redis', resources: { requests: { memory: '9Gi' } } }] }

  it.each([
    [{ unschedulable: true }, {}, /all 1 nodes are cordoned, so Pod/],
    [TAINT, {}, /all 1 nodes have taints that it does not tolerate \(team=data:NoSchedule\), so Pod/],
    [{}, { nodeSelector: { pool: 'gpu' } }, /no node has the labels pool=gpu that it selects, so Pod/],
    [
      TAINT,
      { ...LARGE, tolerations: [{ key: 'team', operator: 'Exists' }] },
      /it asks for 9216Mi of memory, and the largest/,
    ],
    [{ taints: [{ key: 'slow', effect: 'PreferNoSchedule' }] }, LARGE, /it asks for 9216Mi of memory, and the largest/],
  ])('says why a pod finds no node: %j for %j', async (spec, asks, message) => {
    const world = await deployed()
    for (const one of await world.kube.list({ apiVersion: 'v1', kind: 'Node' })) await world.kube.remove(refTo(one))
    world.kube.seed(node(spec))
    const condition = {
      type: 'PodScheduled',
      status: 'False',
      reason: 'Unschedulable',
      message: '0/1 nodes are available',
    }
    await pod(
      world,
      { containers: [{ name: 'redis' }], ...asks },
      { phase: 'Pending', conditions: [{ ...condition, lastTransitionTime: '2020-01-01T00:00:00Z' }] },
    )
    const { report } = await diagnosed(world, 'redis')
    expect(report.root).toMatchObject({ code: 'NoNode', message: expect.stringMatching(message) })
  })

  it.each([
    ['no persistent volumes available for this claim and no storage class is set', 'FailedBinding'],
    ['storageclass.storage.k8s.io "io2" not found', 'ProvisioningFailed'],
  ])('names the volume that a pod without a node waits for: %s', async (message, reason) => {
    const world = await deployed()
    const classes = await world.kube.list({ apiVersion: 'storage.k8s.io/v1', kind: 'StorageClass' })
    for (const one of classes) await world.kube.remove(refTo(one))
    const claim = { apiVersion: 'v1', kind: 'PersistentVolumeClaim', name: 'data', namespace: 'litellm' }
    const { name, namespace, ...kind } = claim
    world.kube.seed({
      ...kind,
      metadata: { name, namespace },
      spec: { storageClassName: 'io2' },
      status: { phase: 'Pending' },
    })
    world.kube.event(claim, { reason, type: 'Warning', message })
    const condition = { type: 'PodScheduled', status: 'False', reason: 'Unschedulable', message: 'unbound claims' }
    const spec = { containers: [{ name: 'redis' }], volumes: [{ persistentVolumeClaim: { claimName: 'data' } }] }
    await pod(world, spec, { phase: 'Pending', conditions: [condition] })
    const { report } = await diagnosed(world, 'redis')
    expect(report.root).toMatchObject({
      code: 'VolumeNotBound',
      message: `PersistentVolumeClaim litellm/data gets no volume: ${message}`,
    })
  })

  it('says so at once, before it is given up', async () => {
    const world = await deployed()
    for (const one of await world.kube.list({ apiVersion: 'v1', kind: 'Node' })) await world.kube.remove(refTo(one))
    world.kube.seed(node({ unschedulable: true }))
    const lastTransitionTime = new Date(world.clock.now()).toISOString()
    const condition = {
      type: 'PodScheduled',
      status: 'False',
      reason: 'Unschedulable',
      message: 'none',
      lastTransitionTime,
    }
    await pod(world, { containers: [{ name: 'redis' }] }, { phase: 'Pending', conditions: [condition] })
    const set = await redisSet(world)
    const about = { apiVersion: 'v1', kind: 'Pod', name: `${set.metadata.name}-0`, namespace: 'litellm' }
    world.kube.event(about, { reason: 'FailedScheduling', type: 'Warning', message: '0/1 nodes are available' })
    const { report } = await diagnosed(world, 'redis')
    expect(report.root).toMatchObject({ code: 'NoNode', message: expect.stringContaining('all 1 nodes are cordoned') })
    expect(report.diagnoses.find(({ step }) => step === 'redis')?.causes[0]?.code).toBe('PodNotReady')
  })

  it.each([
    ['failed', 'ReleaseFailed', /a deploy upgrades from the last revision that worked/],
    [
      'pending-upgrade',
      'ReleasePending',
      /unless a helm is at work on it right now, a deploy marks the revision as failed/,
    ],
    ['uninstalling', 'ReleaseUninstalling', /a deploy finishes the removal and installs it again/],
  ] as const)('says how a deploy goes on from a release that is %s', async (status, code, evidence) => {
    const world = await deployed()
    world.helm.setStatus('redis', 'litellm', status, 'as helm left it')
    const { report } = await diagnosed(world, 'redis')
    expect(report.root).toMatchObject({
      code,
      hint: 'llmgw deploy redis',
      evidence: ['as helm left it', expect.stringMatching(evidence)],
    })
  })

  it('names the object and the finalizer that hold a namespace', async () => {
    const world = await deployed()
    const crd = { apiVersion: 'apiextensions.k8s.io/v1', kind: 'CustomResourceDefinition' }
    world.kube.seed({
      ...crd,
      metadata: { name: 'widgets.example.com' },
      spec: { group: 'example.com', names: { kind: 'Widget' }, versions: [{ name: 'v1', served: true }] },
    })
    const widget = { apiVersion: 'example.com/v1', kind: 'Widget', name: 'last-one', namespace: 'monitoring' }
    const { name, namespace: home, ...kind } = widget
    world.kube.seed({ ...kind, metadata: { name, namespace: home, finalizers: ['example.com/cleanup'] } })
    const namespace = { apiVersion: 'v1', kind: 'Namespace', name: 'monitoring' }
    const live = await world.kube.find(namespace)
    world.kube.seed({
      ...(live as KubeObject),
      metadata: { ...(live as KubeObject).metadata, finalizers: ['example.com/hold'] },
    })
    for (const ref of [widget, namespace]) await world.kube.remove(ref)
    const message = 'Some resources are remaining: widgets.example.com has 1 resource instances'
    world.kube.setStatus(namespace, {
      phase: 'Terminating',
      conditions: [{ type: 'NamespaceContentRemaining', status: 'True', message }],
    })
    const { report } = await diagnosed(world, 'namespaces')
    expect(report.root).toMatchObject({
      code: 'NamespaceHeld',
      message: 'namespace monitoring cannot end: Widget last-one waits for finalizer example.com/cleanup',
      hint: expect.stringContaining('kubectl get widgets.example.com last-one -n monitoring -o yaml'),
    })
  })

  it.each([
    ['CrdMissing', undefined, /is not there, so the API server does not know the kind Thing/],
    ['CrdOlder', 'v1beta1', /serves v1beta1 only, and v1 is needed/],
  ])('sees a definition of a release: %s', async (code, served, message) => {
    const definition = (version: string): KubeObject => ({
      apiVersion: 'apiextensions.k8s.io/v1',
      kind: 'CustomResourceDefinition',
      metadata: { name: 'things.example.com' },
      spec: { group: 'example.com', names: { kind: 'Thing' }, versions: [{ name: version, served: true }] },
    })
    const world = await deployed()
    const record = await world.helm.find('redis', 'litellm')
    if (!record) throw new Error('no release of Redis')
    world.helm.seed({ ...record, manifest: [...record.manifest, definition('v1')] })
    if (served !== undefined) world.kube.seed(definition(served))
    const { report } = await diagnosed(world, 'redis')
    expect(report.root).toMatchObject({
      code,
      message: expect.stringMatching(message),
      hint: 'llmgw deploy redis --deep',
    })
    world.kube.seed({ ...definition('v1'), status: { conditions: [{ type: 'Established', status: 'True' }] } })
    expect((await diagnosed(world, 'redis')).report.root).toBeNull()
  })

  it('ends with 3 where all that is known is that it could not look', async () => {
    const world = await deployed()
    world.aws.failNext('iam.findRole', new Error('throttled'))
    const { code, report } = await diagnosed(world, 'irsa')
    expect([code, report.root?.message]).toEqual([3, 'throttled'])
  })
})

describe('a deploy that fails', () => {
  const failing = async (prepare: (world: FakeWorld) => Promise<void>) => {
    const world = await deployed()
    const set = await redisSet(world)
    await world.kube.patch(refTo(set), { spec: { replicas: 2 } })
    await prepare(world)
    world.helm.failNext('upgrade', new StepError('HelmFailed', 'helm upgrade of litellm/redis failed'))
    return await runCli('deploy redis --yes --output json', { world })
  }

  it('tells what lies beneath, where the step itself does not say it', async () => {
    const spec = { containers: [{ name: 'redis', envFrom: [{ secretRef: { name: 'elsewhere' } }] }] }
    const { code, stdout } = await failing((world) => pod(world, spec, CANNOT_START))
    expect(code).toBe(1)
    expect(JSON.parse(stdout)).toMatchObject({
      steps: expect.arrayContaining([
        expect.objectContaining({ id: 'redis', cause: expect.objectContaining({ code: 'HelmFailed' }) }),
      ]),
      diagnoses: [{ step: 'redis', causes: [{ code: 'CreateContainerConfigError' }, { code: 'SourceMissing' }] }],
    })
  })

  it('adds nothing where there is nothing beneath', async () => {
    const { code, stdout } = await failing(async () => undefined)
    expect(code).toBe(1)
    expect(JSON.parse(stdout)).not.toHaveProperty('diagnoses')
  })
})
