import { describe, expect, it } from 'vitest'
import { RELEASE_SECTIONS } from '../../src/config/sections/components.ts'
import { mergeValues } from '../../steps/helm-release/merge-values.ts'
import { isReleaseStep } from '../../steps/helm-release.ts'
import { steps } from '../../steps/index.ts'
import { namespaces } from '../../steps/namespaces.ts'
import { redis } from '../../steps/redis.ts'
import { fakeWorld } from '../fakes/fake-world.ts'
import { check, converge } from './run.ts'

describe('values of the user', () => {
  it('win over the base values and over what follows from the configuration', async () => {
    const world = fakeWorld({
      config: { components: { redis: { values: { replicas: 5, auth: null, haproxy: { replicas: 4 } } } } },
    })
    const { values } = await redis.spec(world)
    expect(values).toMatchObject({ replicas: 5, auth: null, existingSecret: 'redis-credentials' })
    expect(values.haproxy).toMatchObject({ replicas: 4, enabled: true, image: { tag: expect.any(String) } })
    expect(redis.pods(values)).toMatchObject([{ replicas: 5 }, { replicas: 4 }])
  })

  it('are part of the inputs: another value is a difference, and converges', async () => {
    const world = fakeWorld()
    await converge(namespaces, world)
    await converge(redis, world)
    const other = world.with({ config: { components: { redis: { values: { haproxy: { replicas: 4 } } } } } })
    expect(await check(redis, other)).toMatchObject({
      state: 'drifted',
      changes: [{ target: 'helm release litellm/redis', detail: expect.stringContaining('chart or values differ') }],
    })
    expect((await converge(redis, other)).state).toBe('current')
    expect((await check(redis, world)).state).toBe('drifted')
  })

  it('can be set for every component that is a release', () => {
    const releases = steps.filter(isReleaseStep).map(({ component }) => component)
    expect(RELEASE_SECTIONS).toEqual(expect.arrayContaining([...new Set(releases)]))
  })
})

describe('mergeValues', () => {
  it('merges mappings by key and replaces all else, as Helm does', () => {
    const merged = mergeValues({ a: { b: 1, c: [1, 2] }, d: 'x', e: { f: 1 } }, { a: { c: [3] }, d: { g: 1 }, e: null })
    expect(merged).toEqual({ a: { b: 1, c: [3] }, d: { g: 1 }, e: null })
  })

  it('takes a key such as __proto__ as data', () => {
    const merged = mergeValues({}, JSON.parse('{"__proto__":{"polluted":true}}') as object as Record<string, unknown>)
    expect(Object.keys(merged)).toEqual(['__proto__'])
    expect(({} as { polluted?: boolean }).polluted).toBeUndefined()
  })
})
