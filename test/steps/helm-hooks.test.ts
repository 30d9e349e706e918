import { describe, expect, it } from 'vitest'
import type { KubeObject, StepContext } from '../../src/ports/index.ts'
import { watchingHooks } from '../../steps/helm-release/hooks.ts'
import { type FakeWorld, fakeWorld } from '../fakes/fake-world.ts'
import { runtime } from './run.ts'

const PLACE = { name: 'litellm', namespace: 'litellm' }
const contextOf = (world: FakeWorld): StepContext => runtime(world).ctx

const hook = (uid: string, more: Partial<KubeObject['metadata']> = {}): KubeObject => ({
  apiVersion: 'batch/v1',
  kind: 'Job',
  metadata: {
    name: 'litellm-migrations',
    namespace: 'litellm',
    uid,
    labels: { 'app.kubernetes.io/instance': 'litellm' },
    annotations: { 'helm.sh/hook': 'pre-upgrade' },
    ...more,
  },
  spec: { selector: { matchLabels: { job: 'migrations' } } },
  status: {},
})

const pod = (state: object): KubeObject => ({
  apiVersion: 'v1',
  kind: 'Pod',
  metadata: { name: 'litellm-migrations-x', namespace: 'litellm', labels: { job: 'migrations' } },
  spec: { containers: [{ name: 'migrate' }] },
  status: { phase: 'Pending', containerStatuses: [{ name: 'migrate', ready: false, restartCount: 0, state }] },
})

const BAD_IMAGE = { waiting: { reason: 'ErrImagePull', message: 'ghcr.io/x/y:z: not found' } }

/** An operation that goes on until it is ended, as helm does while it waits for a hook. */
const untilEnded = (signal: AbortSignal): Promise<void> =>
  new Promise((_, reject) => signal.addEventListener('abort', () => reject(signal.reason), { once: true }))

describe('an operation of helm that waits for its hooks', () => {
  it('ends as soon as a pod of a hook cannot start, and says why', async () => {
    const world = fakeWorld()
    world.kube.seed(pod(BAD_IMAGE))
    const ended = watchingHooks(contextOf(world), PLACE, (signal) => {
      world.kube.seed(hook('new'))
      return untilEnded(signal)
    })
    await expect(ended).rejects.toMatchObject({
      code: 'ErrImagePull',
      message: expect.stringContaining('container migrate of Pod litellm/litellm-migrations-x cannot pull image'),
    })
  })

  it.each([
    ['the hook of an earlier operation', [hook('old')], undefined],
    ['a Job that is no hook', [], hook('job', { annotations: {} })],
    ['the hook of another release', [], hook('other', { labels: { 'app.kubernetes.io/instance': 'redis' } })],
  ] as const)('is left alone by %s', async (_, before, during) => {
    const world = fakeWorld()
    for (const job of before) world.kube.seed(job)
    world.kube.seed(pod(BAD_IMAGE))
    let wasEnded = false
    await watchingHooks(contextOf(world), PLACE, async (signal) => {
      if (during) world.kube.seed(during)
      await world.kube.list({ apiVersion: 'v1', kind: 'Pod' })
      wasEnded = signal.aborted
    })
    expect(wasEnded).toBe(false)
  })

  it('tells what helm says where helm ends first', async () => {
    const failing = watchingHooks(contextOf(fakeWorld()), PLACE, async () => {
      throw new Error('helm could not')
    })
    await expect(failing).rejects.toThrow('helm could not')
  })
})
