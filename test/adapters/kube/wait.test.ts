import { describe, expect, test } from 'vitest'
import { createReadiness } from '../../../src/adapters/kube/index.ts'
import { StepError } from '../../../src/errors.ts'
import type { KubeObject } from '../../../src/ports/kube.ts'
import { fakeKube } from '../../fakes/fake-kube.ts'
import { manualClock } from './manual-clock.ts'
import { externalSecret, object, pod, refOf, waiting, workload } from './objects.ts'

const DENIED =
  'error processing spec.data[0] (key: llmgw/master-key), err: operation error Secrets Manager: GetSecretValue, https response error StatusCode: 400, RequestID: 1f-2e, api error AccessDeniedException: User: arn:aws:sts::123456789012:assumed-role/eso/x is not authorized to perform: secretsmanager:GetSecretValue'

/** A wait for the first of these objects (or `first` of them), on a clock that the test moves. */
function start(
  objects: readonly KubeObject[],
  { first = 1, ...more }: { first?: number; timeoutMs?: number; graceMs?: number } = {},
) {
  const kube = fakeKube()
  for (const one of objects) kube.seed(one)
  const clock = manualClock()
  const lines: string[] = []
  let end: unknown
  const refs = objects.slice(0, first).map(refOf)
  const report = (line: string) => void lines.push(line)
  const options = { timeoutMs: 300_000, signal: new AbortController().signal, report, ...more }
  const settled = createReadiness(kube, clock)
    .wait(refs, options)
    .then(
      () => (end = 'ready'),
      (error: unknown) => (end = error),
    )
  return { kube, clock, lines, settled, end: () => end }
}

const two = { replicas: 2 }
const status = (ready: number) => ({
  observedGeneration: 2,
  replicas: 2,
  updatedReplicas: 2,
  readyReplicas: ready,
  availableReplicas: ready,
})
const unschedulable = (message: string) =>
  pod(
    'web-1',
    {},
    {
      conditions: [{ type: 'PodScheduled', status: 'False', reason: 'Unschedulable', message }],
      spec: { volumes: [{ persistentVolumeClaim: { claimName: 'data' } }] },
    },
  )

describe('a wait', () => {
  test('tells each step of progress once and ends when all are ready', async () => {
    const set = workload('StatefulSet', two, status(0))
    const { kube, clock, lines, settled, end } = start([set])
    await clock.advance(1_000)
    kube.setStatus(refOf(set), status(1))
    await clock.advance(10_000)
    expect(end()).toBeUndefined()
    kube.setStatus(refOf(set), status(2))
    await clock.advance(0)
    expect(await settled).toBe('ready')
    expect(lines).toEqual(['web 0/2 ready', 'web 1/2 ready'])
  })

  test('is not over while one that was ready is not so any more', async () => {
    const operator = workload('StatefulSet', two, status(1))
    const made = {
      ...operator,
      kind: 'Deployment',
      metadata: { ...operator.metadata, name: 'made' },
      status: status(2),
    }
    const { kube, clock, lines, settled, end } = start([operator, made], { first: 2 })
    await clock.advance(1_000)
    kube.setStatus(refOf(made), status(0))
    kube.setStatus(refOf(operator), status(2))
    await clock.advance(5_000)
    expect(end()).toBeUndefined()
    kube.setStatus(refOf(made), status(2))
    await clock.advance(5_000)
    expect(await settled).toBe('ready')
    expect(lines).toEqual(['web 1/2 ready', 'made 0/2 ready'])
  })

  test('ends within 5 s of a crash loop, with pod, container and last log lines', async () => {
    const { kube, clock, end } = start([workload('Deployment', two, status(1))])
    await clock.advance(60_000)
    expect(end()).toBeUndefined()
    kube.setLogs({ namespace: 'n', name: 'web-1' }, 'no such database')
    kube.seed(pod('web-1', { ...waiting('CrashLoopBackOff'), restartCount: 2 }))
    await clock.advance(5_000)
    expect(end()).toBeInstanceOf(StepError)
    expect(end()).toMatchObject({
      code: 'CrashLoopBackOff',
      message: expect.stringContaining('container app of Pod n/web-1'),
      cause: 'app: no such database',
    })
  })

  test('bears with a failure that passes within its grace', async () => {
    const { kube, clock, settled, end } = start([externalSecret('False')], { graceMs: 20_000 })
    await clock.advance(15_000)
    expect(end()).toBeUndefined()
    kube.seed(externalSecret('True', { syncedResourceVersion: '2-a', refreshTime: '2026-01-01T00:00:00Z' }))
    await clock.advance(100)
    expect(await settled).toBe('ready')
  })

  test('ends in the words of AWS, which only the event has, when the grace is over', async () => {
    const { kube, clock, end } = start([externalSecret('False')], { graceMs: 20_000 })
    kube.event(refOf(externalSecret('False')), { reason: 'UpdateFailed', message: DENIED })
    await clock.advance(19_000)
    expect(end()).toBeUndefined()
    await clock.advance(2_000)
    expect(end()).toMatchObject({
      code: 'SecretNotSynced',
      message: expect.stringMatching(/^ExternalSecret n\/keys does not sync: AccessDeniedException: User: arn:aws:sts/),
      cause: expect.stringContaining('operation error Secrets Manager'),
    })
  })

  test('gives an autoscaler its time, and more when a node is coming', async () => {
    const lone = start([workload('Deployment', two, status(1)), unschedulable('0/3 nodes: Insufficient cpu')])
    await lone.clock.advance(29_000)
    expect(lone.end()).toBeUndefined()
    expect(lone.lines).toContain('web 1/2 ready; Pod web-1 finds no node yet: 0/3 nodes: Insufficient cpu')
    await lone.clock.advance(4_000)
    expect(lone.end()).toMatchObject({ code: 'Unschedulable', message: expect.stringContaining('Insufficient cpu') })

    const scaled = start([workload('Deployment', two, status(1)), unschedulable('0/3 nodes: Insufficient cpu')])
    scaled.kube.event(refOf(unschedulable('')), {
      reason: 'TriggeredScaleUp',
      message: 'pod triggered scale-up',
      type: 'Normal',
    })
    await scaled.clock.advance(120_000)
    expect(scaled.end()).toBeUndefined()
    await scaled.clock.advance(200_000)
    expect(scaled.end()).toMatchObject({ code: 'NotReady' })
  })

  test('does not wait for a node where no volume can come', async () => {
    const claim = object('v1', 'PersistentVolumeClaim', 'data')
    const { kube, clock, end } = start([
      workload('StatefulSet', two, status(0)),
      claim,
      unschedulable('pod has unbound immediate PersistentVolumeClaims'),
    ])
    const message = 'no persistent volumes available for this claim and no storage class is set'
    kube.event(refOf(claim), { reason: 'FailedBinding', message, type: 'Normal' })
    await clock.advance(3_000)
    expect(end()).toMatchObject({ code: 'Unschedulable', cause: expect.stringContaining('no storage class is set') })
  })

  test('does not give up for what was said of a class that is there by now', async () => {
    const claim = object('v1', 'PersistentVolumeClaim', 'data')
    const gp3 = {
      apiVersion: 'storage.k8s.io/v1',
      kind: 'StorageClass',
      metadata: { name: 'gp3', annotations: { 'storageclass.kubernetes.io/is-default-class': 'true' } },
    }
    const { kube, clock, end } = start([
      workload('StatefulSet', two, status(0)),
      claim,
      gp3,
      unschedulable('pod has unbound immediate PersistentVolumeClaims'),
    ])
    for (const message of ['no storage class is set', 'storageclass.storage.k8s.io "gp3" not found'])
      kube.event(refOf(claim), { reason: 'FailedBinding', message, type: 'Normal' })
    await clock.advance(10_000)
    expect(end()).toBeUndefined()
  })

  test.each([
    ['configmap "rules" not found', 'FailedMount'],
    ['references non-existent secret key: token', 'FailedMount'],
    ['timed out waiting for the condition', undefined],
  ])(
    'names at once what keeps a volume from being mounted, and ends where time does not help: %s',
    async (why, code) => {
      const stuck = pod('web-1', { state: { waiting: { reason: 'ContainerCreating' } } })
      const { kube, clock, lines, end } = start([workload('Deployment', two, status(1)), stuck])
      const message = `MountVolume.SetUp failed for volume "v" : ${why}`
      kube.event(refOf(stuck), { reason: 'FailedMount', message })
      await clock.advance(5_000)
      expect([end(), lines.at(-1)]).toEqual([undefined, `web 1/2 ready; Pod web-1 waits for a volume: ${message}`])
      await clock.advance(15_000)
      if (code === undefined) expect(end()).toBeUndefined()
      else expect(end()).toMatchObject({ code, message: expect.stringContaining(why) })
    },
  )

  test('past its deadline names what is missing and the newest warning', async () => {
    const set = workload('StatefulSet', two, status(1))
    const { kube, clock, end } = start([set], { timeoutMs: 60_000 })
    await clock.advance(1_000)
    kube.event(refOf(set), { reason: 'Unhealthy', message: 'readiness probe failed' })
    await clock.advance(60_000)
    expect(end()).toMatchObject({
      code: 'NotReady',
      message: 'not ready after 60 s: StatefulSet n/web (1/2 ready)',
      cause: 'event Unhealthy on StatefulSet web: readiness probe failed',
    })
  })

  test('ends when the cluster cannot be looked at any more', async () => {
    const { kube, clock, end } = start([workload('Deployment', two, status(1))])
    await clock.advance(1_000)
    const gone = new StepError('KubeForbidden', 'not allowed to watch Deployment')
    kube.failNext('watch', gone)
    kube.setStatus(refOf(workload('Deployment', two, {})), status(0))
    await clock.advance(1_000)
    expect(end()).toBe(gone)
  })
})

describe('answers', () => {
  const probe = (clock: ReturnType<typeof manualClock>, errors: readonly unknown[]) => {
    const left = [...errors]
    const lines: string[] = []
    const options = {
      timeoutMs: 10_000,
      signal: new AbortController().signal,
      report: (line: string) => void lines.push(line),
    }
    const end = createReadiness(fakeKube(), clock)
      .answers(async () => {
        const error = left.length > 1 ? left.shift() : left[0]
        if (error !== undefined) throw error
      }, options)
      .then(
        () => 'answers',
        (error: unknown) => error,
      )
    return { end, lines }
  }
  const silent = new StepError('WebhookUnavailable', 'does not answer')

  test('waits while the webhook is silent, ends at any other error and at the deadline', async () => {
    const clock = manualClock()
    const first = probe(clock, [silent, silent, undefined])
    const denied = new StepError('AdmissionDenied', 'no')
    const other = probe(clock, [silent, denied])
    const never = probe(clock, [silent])
    await clock.advance(11_000)
    expect(await first.end).toBe('answers')
    expect(first.lines).toEqual(['waiting for its admission webhook to answer'])
    expect(await other.end).toBe(denied)
    expect(await never.end).toBe(silent)
  })
})
