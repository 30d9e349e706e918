import { describe, expect, it } from 'vitest'
import { PreflightError } from '../../src/errors.ts'
import { secrets } from '../../steps/secrets.ts'
import { type FakeWorld, fakeWorld } from '../fakes/fake-world.ts'
import { causeIn, check, converge, destroy, plan, runtime } from './run.ts'

const OURS = { 'llmgw.dev/deployment': 'llmgw' }
const SALT = 'litellm/salt-key'

function values(world: FakeWorld): Readonly<Record<string, string | undefined>> {
  const all = [...world.aws.state.secrets].map(([name, { versions }]) => [name, [...versions.values()].at(-1)?.value])
  return Object.fromEntries(all)
}

const made = (name: string, world: FakeWorld) => world.aws.writes.filter((write) => write.endsWith(` ${name}`))

describe('secrets', () => {
  it('makes generated values in their format, and takes provided ones from the user', async () => {
    const world = fakeWorld()
    await converge(secrets, world)
    const found = values(world)
    expect(found['litellm/master-key']).toMatch(/^sk-[0-9a-f]{64}$/)
    expect(found[SALT]).toMatch(/^[0-9a-f]{64}$/)
    expect(found['litellm/database-url']).toMatch(/^postgresql:/)
    expect(world.aws.state.secrets.get(SALT)?.tags).toEqual(OURS)
  })

  it('never changes a value that is there, whatever it is asked to do', async () => {
    const world = fakeWorld({ aws: { secrets: [{ name: 'litellm/master-key', value: 'sk-old' }] } })
    await converge(secrets, world)
    const before = values(world)
    await secrets.apply(runtime(world).ctx, { state: 'drifted', changes: [] })
    expect(values(world)).toEqual(before)
    expect(before['litellm/master-key']).toBe('sk-old')
  })

  it('makes the immutable one first: its absence beside others would be taken for a loss', async () => {
    const world = fakeWorld()
    await converge(secrets, world)
    expect(world.aws.writes[0]).toBe(`secretsManager.create ${SALT}`)
  })

  it('goes on after a run that died after any of its writes', async () => {
    const total = Object.keys(fakeWorld().config.secrets.items).length
    for (let survived = 0; survived < total; survived += 1) {
      const world = fakeWorld()
      const { ctx } = runtime(world)
      let writes = 0
      const { create } = world.aws.secretsManager
      world.aws.secretsManager.create = async (...args) => {
        if (writes === survived) throw new Error('killed')
        writes += 1
        return await create(...args)
      }
      await expect(secrets.apply(ctx, await check(secrets, world))).rejects.toThrow('killed')
      world.aws.secretsManager.create = create
      const kept = values(world)
      expect((await converge(secrets, world)).state).toBe('current')
      expect(values(world)).toMatchObject(kept)
    }
  })

  it('stops before the first write where provided values are missing, and names all of them', async () => {
    const world = fakeWorld({ provided: {} })
    const seen = await check(secrets, world)
    expect(seen.state).toBe('missing')
    const failure = await secrets.apply(runtime(world).ctx, seen).catch((error: unknown) => error)
    expect(failure).toBeInstanceOf(PreflightError)
    expect(failure).toMatchObject({ code: 'ProvidedSecretMissing', exitCode: 3 })
    const { message, hint } = failure as PreflightError
    for (const name of ['litellm-database-url', 'oidc-client-id', 'oidc-client-secret', 'oidc-provider-url'])
      expect(message).toContain(name)
    expect(hint).toContain('LLMGW_SECRET_LITELLM_DATABASE_URL')
    expect(world.writes()).toEqual([])
  })

  it('refuses a provided value of the wrong form without telling it', async () => {
    const provided = {
      'litellm-database-url': 'not a url',
      'oidc-client-id': ' x',
      'oidc-client-secret': 's3cret-value',
      'oidc-provider-url': 'https://a.b',
    }
    const world = fakeWorld({ provided })
    const failure = await converge(secrets, world).catch((error: unknown) => error)
    expect(failure).toMatchObject({
      code: 'ProvidedSecretInvalid',
      message: expect.stringContaining('litellm-database-url is not a URL'),
    })
    expect((failure as Error).message).toContain('oidc-client-id starts or ends with white space')
    expect((failure as Error).message).not.toContain('not a url')
    expect(world.writes()).toEqual([])
  })

  it('gives a container without a value its first one', async () => {
    const world = fakeWorld({ aws: { secrets: [{ name: 'litellm/redis-password' }] } })
    expect(plan(await check(secrets, world))).toContain('update secret litellm/redis-password')
    await converge(secrets, world)
    expect(made('litellm/redis-password', world)).toEqual(['secretsManager.putFirstValue litellm/redis-password'])
  })

  it('is broken while one is pending deletion, names the command, and restores it with its value when asked to', async () => {
    const world = fakeWorld()
    await converge(secrets, world)
    const before = values(world)
    await world.secretsManager.scheduleDeletion('litellm/master-key', 7)
    const seen = await check(secrets, world)
    expect(causeIn(seen)).toMatchObject({
      code: 'SecretPendingDeletion',
      hint: expect.stringContaining('--restore-secrets'),
    })
    await expect(secrets.apply(runtime(world).ctx, seen)).rejects.toMatchObject({ exitCode: 3 })
    const restoring = world.with({ options: { restoreSecrets: true } })
    expect(plan(await check(secrets, restoring))).toEqual(['update secret litellm/master-key'])
    expect((await converge(secrets, restoring)).state).toBe('current')
    expect(values(world)).toEqual(before)
  })

  it("refuses another deployment's secret", async () => {
    const tags = { 'llmgw.dev/deployment': 'other' }
    const world = fakeWorld({ aws: { secrets: [{ name: SALT, value: 'x', tags }] } })
    await expect(check(secrets, world)).rejects.toMatchObject({ code: 'ForeignOwner', exitCode: 3 })
  })

  it('uses what nobody owns as it is, and marks it when asked to adopt', async () => {
    const world = fakeWorld({ aws: { secrets: [{ name: 'litellm/database-url', value: 'postgresql://theirs' }] } })
    await converge(secrets, world)
    expect(world.aws.state.secrets.get('litellm/database-url')?.tags).toEqual({})
    const adopting = world.with({ options: { adopt: true } })
    expect(plan(await check(secrets, adopting))).toEqual(['adopt secret litellm/database-url'])
    await converge(secrets, adopting)
    expect(world.aws.state.secrets.get('litellm/database-url')?.tags).toEqual(OURS)
  })

  it('destroys by schedule, keeps when told to, purges only when told to, and leaves what is not ours', async () => {
    const world = fakeWorld({ aws: { secrets: [{ name: 'litellm/database-url', value: 'postgresql://theirs' }] } })
    await converge(secrets, world)
    const how = (mode: 'keep' | 'schedule' | 'purge') =>
      world.with({ options: { destroy: { crds: false, volumes: false, secrets: mode } } })
    await destroy(secrets, how('keep'))
    expect(world.aws.state.secrets.get(SALT)?.deletedAt).toBeUndefined()
    const reports = await destroy(secrets, how('schedule'))
    expect(world.aws.state.secrets.get(SALT)?.deletedAt).toBeDefined()
    expect(reports).toContain('secret litellm/database-url is left: its owner is nobody')
    await destroy(secrets, how('purge'))
    expect([...world.aws.state.secrets.keys()]).toEqual(['litellm/database-url'])
  })
})

describe('secrets in a bundle', () => {
  const BUNDLE = 'llm-gateway/api-keys'
  const bundled = (secrets: Parameters<typeof fakeWorld>[0] = {}) =>
    fakeWorld({ ...secrets, config: { secrets: { layout: 'bundle' } } })

  it('die with all or nothing', async () => {
    const world = bundled()
    world.aws.failNext('secretsManager.create', new Error('killed'))
    await expect(secrets.apply(runtime(world).ctx, await check(secrets, world))).rejects.toThrow('killed')
    expect(values(world)).toEqual({})
    expect((await converge(secrets, world)).state).toBe('current')
    expect(world.aws.writes).toEqual([`secretsManager.create ${BUNDLE}`])
  })

  it.each(['schedule', 'purge'] as const)('are left with %s where others keep something beside them', async (how) => {
    const world = bundled()
    await converge(secrets, world)
    const text = values(world)[BUNDLE]
    world.aws.state.secrets.get(BUNDLE)?.versions.forEach((version) => {
      Object.assign(version, { value: version.value.replace('{', '{"theirs":"x",') })
    })
    const later = world.with({ options: { destroy: { crds: false, volumes: false, secrets: how } } })
    const told = await destroy(secrets, later)
    expect(told.join('\n')).toContain('it also holds what is not ours: theirs')
    const left = JSON.parse(values(world)[BUNDLE] ?? '') as object
    const ours = Object.keys(JSON.parse(text ?? '') as object)
    expect(Object.keys(left)).toEqual(how === 'schedule' ? ['theirs', ...ours] : ['theirs', '_llmgw'])
    expect(world.aws.state.secrets.get(BUNDLE)?.deletedAt).toBeUndefined()
  })

  it('are gone as a whole where nobody else has a key in it, and left where the JSON is nobody’s', async () => {
    const world = bundled()
    await converge(secrets, world)
    await destroy(secrets, world)
    expect(world.aws.state.secrets.get(BUNDLE)?.deletedAt).toBeDefined()
    const found = bundled({ aws: { secrets: [{ name: BUNDLE, value: '{"litellm-master-key":"sk-theirs"}' }] } })
    await converge(secrets, found)
    expect(await destroy(secrets, found)).toEqual([`secret ${BUNDLE} is left: its owner is nobody`])
  })

  it('make everything that a restored bundle lacks in the same run', async () => {
    const world = bundled()
    const value = '{"litellm-salt-key":"0123456789abcdef"}'
    world.aws.state.secrets.set(
      BUNDLE,
      bundled({ aws: { secrets: [{ name: BUNDLE, value, deletedAt: '2026-01-01T00:00:00Z' }] } }).aws.state.secrets.get(
        BUNDLE,
      ) as never,
    )
    expect(causeIn(await check(secrets, world))).toMatchObject({ code: 'SecretPendingDeletion' })
    const restoring = world.with({ options: { restoreSecrets: true } })
    expect((await converge(secrets, restoring)).state).toBe('current')
    const held = JSON.parse(values(world)[BUNDLE] ?? '') as Record<string, string>
    expect(held).toMatchObject(JSON.parse(value) as object)
    expect(held['litellm-master-key']).toMatch(/^sk-/)
  })
})

describe('a salt key that is gone', () => {
  const release = (world: FakeWorld) =>
    world.helm.seed({
      name: 'litellm',
      namespace: 'litellm',
      revision: 1,
      status: 'deployed',
      chart: { name: 'litellm', version: '1.0.0', standIn: false },
      manifest: [],
      updatedAt: '2026-01-01T00:00:00Z',
      description: '',
    })
  const copy = (world: FakeWorld) =>
    world.kube.seed({
      apiVersion: 'v1',
      kind: 'Secret',
      metadata: { name: 'litellm-secrets', namespace: 'litellm' },
      data: { 'salt-key': btoa('old salt') },
    })
  const sibling = (world: FakeWorld) =>
    world.secretsManager.create({
      name: 'litellm/master-key',
      value: { reveal: () => 'sk-x' } as never,
      description: '',
      tags: OURS,
    })

  it.each([
    ['a LiteLLM release', release, 'helm release litellm/litellm exists'],
    ['a synced copy', copy, 'Kubernetes Secret litellm/litellm-secrets holds a copy'],
    ['an earlier secret of this deployment', sibling, 'made earlier by this deployment'],
  ])('is not made anew where %s shows that it was used', async (_name, leave, evidence) => {
    const world = fakeWorld()
    await leave(world)
    const before = world.writes()
    const seen = await check(secrets, world)
    expect(seen.state).toBe('broken')
    expect(causeIn(seen)).toMatchObject({ code: 'ImmutableSecretLost' })
    expect(causeIn(seen).evidence?.join('\n')).toContain(evidence)
    expect(causeIn(seen).evidence?.join('\n')).not.toContain('old salt')
    await expect(secrets.apply(runtime(world).ctx, seen)).rejects.toMatchObject({
      code: 'ImmutableSecretLost',
      exitCode: 3,
    })
    expect(world.writes()).toEqual(before)
  })

  it('is made where nothing shows that it was used', async () => {
    expect((await converge(secrets, fakeWorld())).state).toBe('current')
  })
})
