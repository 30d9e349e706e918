import { describe, expect, test } from 'vitest'
import { createReadiness } from '../../../src/adapters/kube/index.ts'
import type { KubeObject } from '../../../src/ports/kube.ts'
import { fakeKube } from '../../fakes/fake-kube.ts'
import { manualClock } from './manual-clock.ts'
import { externalSecret, object, pod, refOf, waiting, workload } from './objects.ts'

/** Health of the first object, beside which the others exist. */
async function lookAt(first: KubeObject, ...others: readonly KubeObject[]) {
  const kube = fakeKube()
  for (const one of [first, ...others]) kube.seed(one)
  const clock = manualClock()
  const [health] = await createReadiness(kube, clock).look([refOf(first)])
  return health
}

const done = { replicas: 2, updatedReplicas: 2, readyReplicas: 2, availableReplicas: 2 }
const half = { ...done, readyReplicas: 1, availableReplicas: 1 }
const two = { replicas: 2 }
const crash = {
  ...waiting('CrashLoopBackOff'),
  restartCount: 3,
  lastState: { terminated: { exitCode: 2, reason: 'Error' } },
}

describe('workloads', () => {
  test.each([
    ['all replicas are', workload('Deployment', two, done)],
    ['none is wanted', workload('Deployment', { replicas: 0 }, {})],
    ['all replicas are', workload('StatefulSet', two, done)],
    [
      'the partition keeps one back',
      workload(
        'StatefulSet',
        { ...two, updateStrategy: { rollingUpdate: { partition: 1 } } },
        { ...done, updatedReplicas: 1 },
      ),
    ],
    [
      'somebody else deletes its pods',
      workload('StatefulSet', { ...two, updateStrategy: { type: 'OnDelete' } }, { ...done, updatedReplicas: 0 }),
    ],
    [
      'it runs on every node',
      workload('DaemonSet', {}, { desiredNumberScheduled: 3, updatedNumberScheduled: 3, numberAvailable: 3 }),
    ],
    ['no node wants it', workload('DaemonSet', {}, { desiredNumberScheduled: 0 })],
  ])('is ready when %s', async (_why, ready) => {
    expect(await lookAt(ready)).toMatchObject({ health: 'ready' })
  })

  test.each([
    ['1/2 ready', workload('Deployment', two, half)],
    ['2/2 ready, 1 updated', workload('Deployment', two, { ...done, updatedReplicas: 1 })],
    ['2/2 ready, 1 old to end', workload('Deployment', two, { ...done, replicas: 3 })],
    ['waiting for its controller', workload('Deployment', two, { ...done, observedGeneration: 1 })],
    ['1/2 ready', workload('StatefulSet', two, half)],
    ['2/2 ready, 1 updated', workload('StatefulSet', two, { ...done, updatedReplicas: 1 })],
    [
      '2/3 ready',
      workload('DaemonSet', {}, { desiredNumberScheduled: 3, updatedNumberScheduled: 3, numberAvailable: 2 }),
    ],
    [
      'is being deleted',
      {
        ...workload('Deployment', two, done),
        metadata: {
          ...workload('Deployment', two, done).metadata,
          deletionTimestamp: '2026-01-01T00:00:00Z',
          finalizers: ['x/y'],
        },
      },
    ],
  ])('progresses: %s', async (waitingFor, progressing) => {
    expect(await lookAt(progressing)).toMatchObject({ health: 'progressing', waitingFor })
  })

  test.each([
    ['CrashLoopBackOff', crash, 'container app of Pod n/web-1 keeps crashing (3 restarts, last exit code 2)'],
    ['ImagePullBackOff', waiting('ImagePullBackOff', 'back-off'), 'cannot pull image app:1: back-off'],
    ['ErrImagePull', waiting('ErrImagePull', 'manifest unknown'), 'cannot pull image app:1: manifest unknown'],
    ['InvalidImageName', waiting('InvalidImageName'), 'cannot pull image app:1'],
    [
      'CreateContainerConfigError',
      waiting('CreateContainerConfigError', 'secret "s" not found'),
      'secret "s" not found',
    ],
    [
      'OOMKilled',
      { lastState: { terminated: { reason: 'OOMKilled', exitCode: 137 } }, restartCount: 1 },
      'more memory than its limit',
    ],
  ])('fail by a pod in %s', async (code, container, message) => {
    const health = await lookAt(workload('Deployment', two, half), pod('web-1', container))
    expect(health).toMatchObject({ health: 'failed', cause: { code, message: expect.stringContaining(message) } })
  })

  test.each([
    ['is starting', pod('web-1', waiting('ContainerCreating'))],
    ['had a bad moment at the registry', pod('web-1', waiting('ErrImagePull', 'i/o timeout'))],
    ['crashed once and is ready again', pod('web-1', { ...crash, ready: true })],
    ['is of somebody else', pod('web-1', crash, { labels: { app: 'other' } })],
  ])('do not fail by a pod that %s', async (_why, other) => {
    expect(await lookAt(workload('Deployment', two, half), other)).toMatchObject({ health: 'progressing' })
  })

  test('do not fail by the pods of an older revision', async () => {
    const own = { ownerReferences: [{ kind: 'Deployment', name: 'web', uid: 'uid-of-web' }] }
    const set = (name: string, revision: string, hash: string) =>
      object('apps/v1', 'ReplicaSet', name, {
        metadata: {
          ...own,
          annotations: { 'deployment.kubernetes.io/revision': revision },
          labels: { 'pod-template-hash': hash },
        },
      })
    const sets = [set('old', '9', 'aaa'), set('new', '10', 'bbb')]
    const broken = (hash: string) => pod('web-1', crash, { labels: { 'pod-template-hash': hash } })
    const deployment = workload('Deployment', two, half)
    expect(await lookAt(deployment, ...sets, broken('aaa'))).toMatchObject({ health: 'progressing' })
    expect(await lookAt(deployment, ...sets, broken('bbb'))).toMatchObject({ health: 'failed' })
  })

  test('carry the last log lines, or why there are none', async () => {
    const kube = fakeKube()
    const deployment = workload('Deployment', two, half)
    for (const one of [deployment, pod('web-1', crash)]) kube.seed(one)
    kube.setLogs({ namespace: 'n', name: 'web-1' }, 'starting\nno such database\n')
    const readiness = createReadiness(kube, manualClock())
    const evidence = async () => {
      const [health] = await readiness.look([refOf(deployment)])
      return health?.health === 'failed' ? health.cause.evidence : undefined
    }
    expect(await evidence()).toEqual(['app: starting', 'app: no such database'])
    kube.failNext('logs', new Error('the kubelet does not answer'))
    expect(await evidence()).toEqual(['app: its log could not be read: the kubelet does not answer'])
  })

  test('a Deployment past its own deadline has failed', async () => {
    const conditions = [
      { type: 'Progressing', status: 'False', reason: 'ProgressDeadlineExceeded', message: 'timed out' },
    ]
    expect(await lookAt(workload('Deployment', two, { ...half, conditions }))).toMatchObject({
      health: 'failed',
      cause: { code: 'ProgressDeadlineExceeded', evidence: ['timed out'] },
    })
  })

  test('a Job is judged by its conditions, not by a crash that it tries again', async () => {
    const job = (conditions: readonly object[]) =>
      object('batch/v1', 'Job', 'web', { spec: { selector: { matchLabels: { app: 'web' } } }, status: { conditions } })
    expect(await lookAt(job([]), pod('web-1', crash))).toMatchObject({
      health: 'progressing',
      waitingFor: '0/1 completed',
    })
    expect(await lookAt(job([{ type: 'Complete', status: 'True' }]))).toMatchObject({ health: 'ready' })
    const failed = { type: 'Failed', status: 'True', reason: 'BackoffLimitExceeded', message: 'too often' }
    expect(await lookAt(job([failed]))).toMatchObject({ health: 'failed', cause: { code: 'JobFailed' } })
    const ended = pod('web-1', { state: { terminated: { exitCode: 3, reason: 'Error' } } })
    expect(await lookAt(job([failed]), ended)).toMatchObject({
      cause: { evidence: expect.arrayContaining(['container app of Pod n/web-1 ended with exit code 3 (Error)']) },
    })
  })
})

describe('volumes', () => {
  const claim = (phase: string) =>
    object('v1', 'PersistentVolumeClaim', 'data', { spec: { storageClassName: 'gp3' }, status: { phase } })
  const gp3 = (volumeBindingMode: string): KubeObject => ({
    apiVersion: 'storage.k8s.io/v1',
    kind: 'StorageClass',
    metadata: { name: 'gp3' },
    volumeBindingMode,
  })
  const consumer = pod('web-1', {}, { spec: { volumes: [{ persistentVolumeClaim: { claimName: 'data' } }] } })
  test.each([
    ['ready', 'bound', claim('Bound'), []],
    ['progressing', 'pending', claim('Pending'), [gp3('Immediate')]],
    ['ready', 'pending without a consumer to wait for', claim('Pending'), [gp3('WaitForFirstConsumer')]],
    ['progressing', 'pending with a consumer', claim('Pending'), [gp3('WaitForFirstConsumer'), consumer]],
    ['failed', 'lost', claim('Lost'), []],
  ] as const)('a claim is %s when %s', async (health, _why, first, others) => {
    expect(await lookAt(first, ...others)).toMatchObject({ health })
  })
})

describe('custom kinds', () => {
  test('a synced ExternalSecret is ready only in its newest version', async () => {
    const at = { refreshTime: '2026-01-01T00:00:05Z' }
    expect(await lookAt(externalSecret('True', { ...at, syncedResourceVersion: '2-abc' }))).toMatchObject({
      health: 'ready',
    })
    expect(await lookAt(externalSecret('True', { ...at, syncedResourceVersion: '1-abc' }))).toMatchObject({
      health: 'progressing',
      waitingFor: 'waiting for a sync of its newest version',
    })
    const once = externalSecret('True', { ...at, syncedResourceVersion: '1-abc' }, { refreshPolicy: 'CreatedOnce' })
    expect(await lookAt(once)).toMatchObject({ health: 'ready' })
  })

  test('a webhook is ready when its CA is known and its Service, if there is one, has an endpoint', async () => {
    const hook = (caBundle?: string): KubeObject => ({
      apiVersion: 'admissionregistration.k8s.io/v1',
      kind: 'ValidatingWebhookConfiguration',
      metadata: { name: 'hooks' },
      webhooks: [{ name: 'a.example.com', clientConfig: { caBundle, service: { name: 'hook', namespace: 'n' } } }],
    })
    const service = object('v1', 'Service', 'hook')
    const slice = (ready: boolean) =>
      object('discovery.k8s.io/v1', 'EndpointSlice', 'hook-1', {
        metadata: { labels: { 'kubernetes.io/service-name': 'hook' } },
        endpoints: [{ conditions: { ready } }],
      })
    expect(await lookAt(hook())).toMatchObject({ waitingFor: 'waiting for the CA of Service n/hook' })
    expect(await lookAt(hook('ca'))).toMatchObject({ health: 'ready' })
    expect(await lookAt(hook('ca'), service)).toMatchObject({ waitingFor: 'waiting for an endpoint of Service n/hook' })
    expect(await lookAt(hook('ca'), service, slice(false))).toMatchObject({ health: 'progressing' })
    expect(await lookAt(hook('ca'), service, slice(true))).toMatchObject({ health: 'ready' })
  })

  test('webhooks that are ignored while they do not answer hold up nobody, unless one among them is not', async () => {
    const clientConfig = { service: { name: 'hook', namespace: 'n' } }
    const hooks = (...policies: readonly string[]): KubeObject => ({
      apiVersion: 'admissionregistration.k8s.io/v1',
      kind: 'MutatingWebhookConfiguration',
      metadata: { name: 'hooks' },
      webhooks: policies.map((failurePolicy, index) => ({ name: `${index}.example.com`, failurePolicy, clientConfig })),
    })
    expect(await lookAt(hooks('Ignore', 'Ignore'))).toMatchObject({ health: 'ready' })
    expect(await lookAt(hooks('Ignore', 'Fail'))).toMatchObject({ health: 'progressing' })
  })

  test('a ConstraintTemplate is ready when every pod has taken up its newest version', async () => {
    const template = (created: boolean, ...byPod: readonly object[]) =>
      object('templates.gatekeeper.sh/v1', 'ConstraintTemplate', 't', { status: { created, byPod } })
    expect(await lookAt(template(true, { observedGeneration: 2 }))).toMatchObject({ health: 'ready' })
    expect(await lookAt(template(true, { observedGeneration: 1 }))).toMatchObject({ health: 'progressing' })
    expect(await lookAt(template(false))).toMatchObject({ health: 'progressing' })
    const errors = [{ code: 'ingest_error', message: 'rego_parse_error' }]
    expect(await lookAt(template(false, { observedGeneration: 2, errors }))).toMatchObject({
      health: 'failed',
      cause: { code: 'PolicyRejected', message: expect.stringContaining('rego_parse_error') },
    })
  })
})

describe('what the Prometheus operator keeps', () => {
  const condition = (status: string, observedGeneration: number, message = '') => ({
    conditions: [{ type: 'Reconciled', status, observedGeneration, message }],
  })
  const numbers = { replicas: 2, updatedReplicas: 2, availableReplicas: 2, unavailableReplicas: 0 }
  const kept = (status: object): KubeObject => ({
    apiVersion: 'monitoring.coreos.com/v1',
    kind: 'Prometheus',
    metadata: { name: 'one', namespace: 'shop', generation: 2 },
    spec: {},
    status,
  })

  test('is ready once the newest spec is taken up and every pod is new and answers', async () => {
    expect(await lookAt(kept({ ...numbers, ...condition('True', 2) }))).toMatchObject({ health: 'ready' })
  })

  test.each([
    ['nobody has looked at it', {}, 'waiting for its operator'],
    ['its pods are those of the spec before', { ...numbers, ...condition('True', 1) }, 'waiting for its operator'],
    ['the operator refuses it', condition('False', 2, 'bad retention'), 'not taken up by its operator: bad retention'],
    ['a pod is old', { ...numbers, updatedReplicas: 1, ...condition('True', 2) }, '2/2 ready, 1 updated'],
    ['a pod does not answer', { ...numbers, availableReplicas: 1, ...condition('True', 2) }, '1/2 ready'],
    ['an old pod is ending', { ...numbers, unavailableReplicas: 1, ...condition('True', 2) }, '2/2 ready'],
  ])('is not while %s', async (_, status, waitingFor) => {
    expect(await lookAt(kept(status))).toMatchObject({ health: 'progressing', waitingFor })
  })
})
