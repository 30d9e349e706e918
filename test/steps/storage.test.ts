import { describe, expect, it } from 'vitest'
import { storage } from '../../steps/storage.ts'
import { fakeWorld } from '../fakes/fake-world.ts'
import { causeIn, check, converge, destroy, plan, runtime } from './run.ts'

const ref = (name = 'gp3') => ({ apiVersion: 'storage.k8s.io/v1', kind: 'StorageClass', name })
const standard = { 'storageclass.kubernetes.io/is-default-class': 'true' }
const ours = { 'llmgw.dev/deployment': 'llmgw' }
const aClass = (
  name: string,
  more: { annotations?: Record<string, string>; labels?: Record<string, string> } = {},
) => ({
  apiVersion: 'storage.k8s.io/v1',
  kind: 'StorageClass',
  metadata: { name, ...more },
  provisioner: 'ebs.csi.aws.com',
  parameters: { type: 'gp2' },
})

describe('storage', () => {
  it('makes an encrypted gp3 class that waits for a consumer, and makes it the default', async () => {
    const world = fakeWorld()
    await converge(storage, world)
    expect(await world.kube.find(ref())).toMatchObject({
      provisioner: 'ebs.csi.aws.com',
      parameters: { type: 'gp3', encrypted: 'true' },
      volumeBindingMode: 'WaitForFirstConsumer',
      metadata: { annotations: standard, labels: ours },
    })
  })

  it('leaves a cluster alone that has a default class, whatever its name', async () => {
    const world = fakeWorld()
    world.kube.seed(aClass('fast', { annotations: standard }))
    expect(await check(storage, world)).toEqual({ state: 'current', out: { className: 'fast' } })
  })

  it('is no step where storage is managed by others', () => {
    const world = fakeWorld({ config: { storage: { manage: 'off' } } })
    expect(storage.off?.(world)).toContain('off')
    expect(storage.off?.(fakeWorld())).toBeUndefined()
  })

  it('does not touch a class of that name that nobody marked, unless asked to', async () => {
    const world = fakeWorld()
    world.kube.seed(aClass('gp3'))
    await expect(check(storage, world)).rejects.toMatchObject({ code: 'NotOwned' })
    const adopting = world.with({ options: { adopt: true } })
    expect(plan(await check(storage, adopting))).toEqual(['adopt storageclass gp3'])
    expect((await converge(storage, adopting)).state).toBe('current')
    // Immutable fields stay as they were.
    expect(await world.kube.find(ref())).toMatchObject({
      parameters: { type: 'gp2' },
      metadata: { annotations: standard },
    })
  })

  it('makes its own class the default again', async () => {
    const world = fakeWorld()
    await converge(storage, world)
    await world.kube.patch(ref(), {
      metadata: { annotations: { 'storageclass.kubernetes.io/is-default-class': 'false' } },
    })
    expect((await check(storage, world)).state).toBe('drifted')
    expect((await converge(storage, world)).state).toBe('current')
  })

  it('is broken where its own class differs in what cannot be changed', async () => {
    const world = fakeWorld()
    world.kube.seed(aClass('gp3', { labels: ours }))
    const seen = await check(storage, world)
    expect(causeIn(seen).code).toBe('StorageClassDiffers')
    await expect(storage.apply(runtime(world).ctx, seen)).rejects.toMatchObject({ code: 'StorageClassDiffers' })
  })

  it('keeps the class while volume claims use it', async () => {
    const world = fakeWorld()
    await converge(storage, world)
    const claim = { apiVersion: 'v1', kind: 'PersistentVolumeClaim', metadata: { name: 'c', namespace: 'default' } }
    world.kube.seed({ ...claim, spec: { storageClassName: 'gp3' } })
    expect(await destroy(storage, world)).toEqual(['storageclass gp3 is left: 1 volume claims still use it'])
    expect(await world.kube.find(ref())).toBeDefined()
  })

  it('does not destroy a class of others', async () => {
    const world = fakeWorld()
    world.kube.seed(aClass('gp3', { annotations: standard }))
    await destroy(storage, world)
    expect(await world.kube.find(ref())).toBeDefined()
  })
})
