import { describe, expect, it } from 'vitest'
import { StepError } from '../../src/errors.ts'
import { namespaces } from '../../steps/namespaces.ts'
import { redis, redisService } from '../../steps/redis.ts'
import { type FakeWorld, type FakeWorldOverrides, fakeWorld } from '../fakes/fake-world.ts'
import { causeIn, changesOf, check, converge, destroy, plan, runtime } from './run.ts'

const SERVER = { apiVersion: 'apps/v1', kind: 'StatefulSet', name: 'redis-redis-ha-server', namespace: 'litellm' }
const ROLLOUT = 'update helm release litellm/redis'

async function deployed(overrides: FakeWorldOverrides = {}): Promise<FakeWorld> {
  const world = fakeWorld(overrides)
  await converge(namespaces, world)
  await converge(redis, world)
  return world
}

const upgrades = (world: FakeWorld) => world.helm.calls.filter(({ method }) => method === 'upgrade')

describe('a helm release', () => {
  it('derives its values from the configuration', async () => {
    const world = await deployed()
    expect(upgrades(world)[0]?.spec?.values).toMatchObject({
      replicas: 3,
      existingSecret: 'redis-credentials',
      sentinel: { quorum: 2 },
      haproxy: { enabled: true, replicas: 2 },
      redis: {
        config: { 'min-replicas-to-write': 1, maxmemory: String(384 * 2 ** 20), 'maxmemory-policy': 'volatile-lru' },
        resources: { requests: { cpu: '100m', memory: '512Mi' }, limits: { memory: '512Mi' } },
      },
      persistentVolume: { enabled: true, size: '4Gi' },
    })
    const out = await check(redis, world)
    expect(out).toMatchObject({ state: 'current', out: { host: 'redis-redis-ha-haproxy.litellm.svc', port: 6379 } })
  })

  it('lets a lone server write, and sends clients to it directly', async () => {
    const cache = { kind: 'redis-ha', replicas: 1, storage: '1Gi', memory: '256Mi' }
    const world = await deployed({ config: { cache } })
    expect(upgrades(world)[0]?.spec?.values).toMatchObject({
      replicas: 1,
      sentinel: { quorum: 1 },
      haproxy: { enabled: false },
      redis: { config: { 'min-replicas-to-write': 0 } },
    })
    expect(redisService(world.config)).toBe('redis-redis-ha')
  })

  it('names chart and version, and that it is a stand-in', async () => {
    const real = fakeWorld({ charts: { 'redis-ha': { version: '4.39.0' } } })
    expect(changesOf(await check(redis, real))[0]).toMatchObject({
      target: 'helm release litellm/redis',
      detail: 'redis-ha 4.39.0',
    })
    const standIn = fakeWorld({ charts: { 'redis-ha': { version: '4.39.0', standIn: true } } })
    expect(changesOf(await check(redis, standIn))[0]?.detail).toBe('redis-ha 4.39.0 (stand-in chart)')
  })

  it('starts no helm to see that nothing is to be done', async () => {
    const world = await deployed()
    const before = world.helm.calls.length
    await check(redis, world)
    const methods = world.helm.calls.slice(before).map(({ method }) => method)
    expect(methods.filter((method) => !['find', 'inputs', 'drift'].includes(method))).toEqual([])
  })

  it.each(['failed', 'pending-upgrade', 'pending-install'] as const)(
    "is broken with helm's words when %s, and heals",
    async (status) => {
      const world = await deployed()
      world.helm.setStatus('redis', 'litellm', status, 'context deadline exceeded')
      const seen = await check(redis, world)
      expect(causeIn(seen)).toMatchObject({ evidence: ['context deadline exceeded'] })
      expect(plan(seen)).toEqual([ROLLOUT])
      expect((await converge(redis, world)).state).toBe('current')
    },
  )

  it('drifts when a value, the chart, or a live object differs', async () => {
    const world = await deployed()
    const larger = world.with({ config: { cache: { kind: 'redis-ha', replicas: 3, storage: '4Gi', memory: '1Gi' } } })
    expect(plan(await check(redis, larger))).toEqual([ROLLOUT])
    world.helm.setChart('redis-ha', { version: '9.9.9' })
    expect(changesOf(await check(redis, world))[0]?.detail).toBe(
      'redis-ha 1.0.0 -> redis-ha 9.9.9: chart or values differ',
    )
    world.helm.setChart('redis-ha', { version: '1.0.0' })
    await world.kube.patch(SERVER, { spec: { replicas: 0 } })
    expect(plan(await check(redis, world))).toContain('update statefulset litellm/redis-redis-ha-server')
    expect((await converge(redis, world)).state).toBe('current')
  })

  it('asks helm for the difference only when it is wanted', async () => {
    const world = await deployed()
    const larger = world.with({ config: { cache: { kind: 'redis-ha', replicas: 5, storage: '4Gi', memory: '512Mi' } } })
    const before = world.helm.calls.length
    const seen = await redis.check(runtime(larger, { diff: true }).ctx)
    expect(world.helm.calls.slice(before).map(({ method }) => method)).toContain('diff')
    expect(plan(seen)).toEqual([ROLLOUT, 'update statefulset litellm/redis-redis-ha-server'])
  })

  it('is broken with the cause when a workload fails, and settling while it rolls out', async () => {
    const world = await deployed()
    world.kube.settle(SERVER, 'progressing')
    expect((await check(redis, world)).state).toBe('settling')
    const pod = {
      apiVersion: 'v1',
      kind: 'Pod',
      metadata: {
        name: 'redis-redis-ha-server-0',
        namespace: 'litellm',
        labels: { 'app.kubernetes.io/name': 'redis-redis-ha-server', 'app.kubernetes.io/instance': 'redis' },
      },
      spec: { containers: [{ name: 'main', image: 'redis:none' }] },
      status: {
        containerStatuses: [
          {
            name: 'main',
            restartCount: 0,
            state: { waiting: { reason: 'ImagePullBackOff', message: 'no such image' } },
          },
        ],
      },
    }
    world.kube.seed(pod)
    const seen = await check(redis, world)
    expect(seen.state).toBe('broken')
    expect(JSON.stringify(causeIn(seen))).toContain('no such image')
  })

  it('drifts when an object of the release is gone', async () => {
    const world = await deployed()
    await world.kube.remove(SERVER)
    expect(plan(await check(redis, world))).toContain('create statefulset litellm/redis-redis-ha-server')
  })

  it("refuses another deployment's release, and adopts nobody's only when asked", async () => {
    const world = await deployed()
    const record = await world.helm.find('redis', 'litellm')
    if (record === undefined) throw new Error('no release')
    world.helm.seed({ ...record, deployment: 'other' })
    await expect(check(redis, world)).rejects.toMatchObject({ code: 'ForeignOwner' })
    expect(await destroy(redis, world)).toEqual(['helm release litellm/redis is left: its owner is other'])
    const { deployment: _, inputs: __, ...unmarked } = record
    world.helm.seed(unmarked)
    await expect(check(redis, world)).rejects.toMatchObject({ code: 'NotOwned' })
    const adopting = world.with({ options: { adopt: true } })
    expect(plan(await check(redis, adopting))).toEqual(['adopt helm release litellm/redis'])
    expect((await converge(redis, adopting)).state).toBe('current')
  })

  it('passes on what helm says when it fails', async () => {
    const world = fakeWorld()
    await converge(namespaces, world)
    world.helm.failNext('upgrade', new StepError('HelmFailed', 'helm cannot install litellm/redis'))
    await expect(converge(redis, world)).rejects.toMatchObject({ code: 'HelmFailed' })
    expect((await check(redis, world)).state).toBe('broken')
    expect((await converge(redis, world)).state).toBe('current')
  })

  it('keeps volumes unless asked to delete them', async () => {
    const world = await deployed()
    const claims = () => world.kube.list({ apiVersion: 'v1', kind: 'PersistentVolumeClaim', namespace: 'litellm' })
    expect(await destroy(redis, world)).toEqual([expect.stringContaining('3 volumes are kept')])
    expect(await claims()).toHaveLength(3)
    await converge(redis, world)
    await destroy(redis, world.with({ options: { destroy: { crds: false, volumes: true, secrets: 'schedule' } } }))
    expect(await claims()).toEqual([])
  })

  it('is no step where the configuration has no cache', () => {
    expect(redis.off?.(fakeWorld({ config: { cache: { kind: 'none' } } }))).toBe('cache.kind is none')
  })
})
