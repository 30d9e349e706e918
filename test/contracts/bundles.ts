import { randomUUID } from 'node:crypto'
import { describe, expect, it } from 'vitest'
import { withBundles } from '../../src/adapters/aws/bundle/bundled-secrets.ts'
import type { WholeSecrets } from '../../src/ports/index.ts'
import { keyAddress } from '../../src/ports/secret-address.ts'
import { Secret } from '../../src/secret.ts'
import { describeValuesContract } from './secrets-manager.ts'

/** An account in which every secret is a whole. */
export interface WholeWorld {
  readonly whole: WholeSecrets
  readonly uniqueName: () => string
}

const key = (name: string, value: string, token?: string) => ({
  name,
  value: new Secret(value),
  description: 'a secret',
  tags: { team: 'a b' },
  ...(token === undefined ? {} : { token }),
})
const whole = (name: string, value: string) => key(name, value)

/** What keys of a JSON secret keep, on top of every implementation of whole secrets. */
export function describeBundleContract(name: string, makeWorld: () => Promise<WholeWorld>): void {
  describeValuesContract(`keys of bundles, ${name}`, async () => {
    const { whole: inner, uniqueName } = await makeWorld()
    const secretsManager = withBundles(inner)
    // A place without a value, as people write one into a JSON.
    const makeEmpty = async (address: string) => {
      const [secret = '', property = ''] = address.split('#')
      await inner.create(whole(secret, JSON.stringify({ [property]: '' })))
    }
    return { secretsManager, uniqueName: () => keyAddress(uniqueName(), 'a-key'), makeEmpty }
  })
  describe(`bundle contract: ${name}`, () => {
    currentMovesFromWhatWasRead(makeWorld)
    othersAreKept(makeWorld)
    versionsAreTheirOwn(makeWorld)
    faultsAreRefused(makeWorld)
    endsAreHonest(makeWorld)
  })
}

type Make = () => Promise<WholeWorld>

function currentMovesFromWhatWasRead(makeWorld: Make): void {
  it('moves the current label from the expected version only', async () => {
    const { whole: secrets, uniqueName } = await makeWorld()
    const secret = uniqueName()
    const first = await secrets.create(whole(secret, 'first-value'))
    const add = async (value: string) =>
      (await secrets.addVersion(secret, { value: new Secret(value), label: 'llmgw-test', token: randomUUID() }))
        .versionId
    const second = await add('second-value')
    await secrets.promoteFrom(secret, second, first.versionId)
    // The answer of the first call may have been lost.
    await secrets.promoteFrom(secret, second, first.versionId)
    expect((await secrets.value(secret))?.value.reveal()).toBe('second-value')
    const third = await add('third-value')
    await expect(secrets.promoteFrom(secret, third, first.versionId)).rejects.toMatchObject({ code: 'VersionConflict' })
    expect((await secrets.value(secret))?.versionId).toBe(second)
    await expect(secrets.promoteFrom(uniqueName(), third, second)).rejects.toMatchObject({ code: 'NotFound' })
  })
}

function othersAreKept(makeWorld: Make): void {
  it('keeps what others have in the JSON as they wrote it', async () => {
    const { whole: inner, uniqueName } = await makeWorld()
    const secret = uniqueName()
    const foreign = '{"n": 12345678901234567890.10, "nested" : {"a,}": ["x", {"y": "\\u00e9\\"{"}]}, "t":"text"}'
    await inner.create(whole(secret, foreign))
    const bundles = withBundles(inner)
    await bundles.create(key(keyAddress(secret, 'ours'), 'our-value'))
    const text = (await inner.value(secret))?.value.reveal() ?? ''
    for (const raw of ['12345678901234567890.10', '{"a,}": ["x", {"y": "\\u00e9\\"{"}]}', '"text"'])
      expect(text).toContain(`:${raw},`)
    expect((await bundles.describe(keyAddress(secret, 'ours')))?.foreignKeys).toEqual(['n', 'nested', 't'])
    expect(await bundles.ownKeys(secret)).toEqual([keyAddress(secret, 'ours')])
    expect(await bundles.purge(keyAddress(secret, 'ours'))).toBe(true)
    expect(await bundles.purge(keyAddress(secret, 'ours'))).toBe(false)
    expect(await bundles.ownKeys(secret)).toEqual([])
    expect(await bundles.ownKeys(uniqueName())).toEqual([])
    const left = JSON.parse((await inner.value(secret))?.value.reveal() ?? '') as object
    expect(Object.keys(left)).toEqual(['n', 'nested', 't', '_llmgw'])
  })

  it('loses nothing of what several write at the same time', async () => {
    const { whole: inner, uniqueName } = await makeWorld()
    const secret = uniqueName()
    await inner.create(whole(secret, '{}'))
    // Each has its own memory, as processes do.
    const writers = ['a', 'b', 'c', 'd'].map((name) => ({ name, bundles: withBundles(inner) }))
    await Promise.all(
      writers.map(({ name, bundles }) => bundles.create(key(keyAddress(secret, name), `value-${name}`))),
    )
    for (const { name } of writers)
      expect((await withBundles(inner).value(keyAddress(secret, name)))?.value.reveal()).toBe(`value-${name}`)
  })

  it('writes again on top of what others wrote after it was read, and gives up where that never ends', async () => {
    const { whole: inner, uniqueName } = await makeWorld()
    const secret = uniqueName()
    await inner.create(whole(secret, '{"theirs":"0"}'))
    let rounds = 1
    const meddled: WholeSecrets = {
      ...inner,
      async promoteFrom(...args) {
        if (rounds > 0) {
          rounds -= 1
          const { versionId } = await inner.addVersion(secret, {
            value: new Secret(`{"theirs":"${rounds}-more"}`),
            label: 'theirs',
          })
          await inner.promote(secret, versionId)
        }
        await inner.promoteFrom(...args)
      },
    }
    await withBundles(meddled).create(key(keyAddress(secret, 'ours'), 'our-value'))
    const merged = JSON.parse((await inner.value(secret))?.value.reveal() ?? '') as Record<string, string>
    expect(merged).toMatchObject({ theirs: '0-more', ours: 'our-value' })
    rounds = 100
    const late = withBundles(meddled).create(key(keyAddress(secret, 'late'), 'late-value'))
    await expect(late).rejects.toMatchObject({ code: 'BundleConflict' })
    expect(await withBundles(inner).value(keyAddress(secret, 'late'))).toBeUndefined()
  })

  it('makes several keys, and the secret that holds them, in one version', async () => {
    const { whole: inner, uniqueName } = await makeWorld()
    const [secret, plain] = [uniqueName(), uniqueName()]
    const bundles = withBundles(inner)
    const wanted = [key(keyAddress(secret, 'a'), 'value-a', randomUUID()), key(plain, 'a whole one')]
    await bundles.createAll([...wanted, key(keyAddress(secret, 'b'), 'value-b', randomUUID())])
    expect(Object.keys((await inner.describe(secret))?.versions ?? {})).toHaveLength(1)
    expect((await inner.describe(secret))?.tags).toEqual({ team: 'a b' })
    expect((await bundles.value(keyAddress(secret, 'b')))?.value.reveal()).toBe('value-b')
    expect((await bundles.value(plain))?.value.reveal()).toBe('a whole one')
    const again = bundles.createAll([key(keyAddress(secret, 'c'), 'c'), key(keyAddress(secret, 'a'), 'other')])
    await expect(again).rejects.toMatchObject({ code: 'AlreadyExists' })
    expect(await bundles.value(keyAddress(secret, 'c'))).toBeUndefined()
  })
}

function versionsAreTheirOwn(makeWorld: Make): void {
  it('tells of another version of a key only where its value changed, by us or by others', async () => {
    const { whole: inner, uniqueName } = await makeWorld()
    const secret = uniqueName()
    await inner.create(whole(secret, '{"theirs":"x"}'))
    const bundles = withBundles(inner)
    const [a, b, theirs] = ['a', 'b', 'theirs'].map((one) => keyAddress(secret, one)) as [string, string, string]
    const first = await bundles.create(key(a, 'value-a'))
    const seen = (await bundles.value(theirs))?.versionId
    await bundles.create(key(b, 'value-b'))
    expect((await bundles.value(a))?.versionId).toBe(first.versionId)
    expect((await bundles.value(theirs))?.versionId).toBe(seen)
    // Somebody edits it in the console.
    const edited = JSON.parse((await inner.value(secret))?.value.reveal() ?? '') as Record<string, string>
    const value = new Secret(JSON.stringify({ ...edited, b: 'by hand' }))
    const { versionId } = await inner.addVersion(secret, { value, label: 'theirs' })
    await inner.promote(secret, versionId)
    expect((await bundles.value(a))?.versionId).toBe(first.versionId)
    expect((await bundles.value(b))?.versionId).toBe(versionId)
    expect((await bundles.describe(b))?.versions).toEqual({ [versionId]: ['AWSCURRENT'] })
    await bundles.create(key(keyAddress(secret, 'c'), 'value-c'))
    expect((await bundles.value(b))?.versionId).toBe(versionId)
  })

  it('has no value of before left in any labelled version once its last label is off', async () => {
    const { whole: inner, uniqueName } = await makeWorld()
    const secret = uniqueName()
    const name = keyAddress(secret, 'a')
    const bundles = withBundles(inner)
    await bundles.create(key(name, 'old-value'))
    const { versionId } = await bundles.addVersion(name, { value: new Secret('new-value'), label: 'rotating' })
    await bundles.promote(name, versionId)
    await bundles.removeLabel(name, 'AWSPREVIOUS')
    await bundles.removeLabel(name, 'rotating')
    const { versions = {} } = (await inner.describe(secret)) ?? {}
    const previous = Object.entries(versions).find(([, labels]) => labels.includes('AWSPREVIOUS'))?.[0]
    expect(Object.keys(versions)).toHaveLength(2)
    await inner.promote(secret, previous ?? '')
    expect((await inner.value(secret))?.value.reveal()).not.toContain('old-value')
    expect((await bundles.value(name))?.value.reveal()).toBe('new-value')
  })
}

function faultsAreRefused(makeWorld: Make): void {
  it.each([
    ['no JSON', 'sk-a-plain-value', /holds no JSON object/],
    ['a list', '["a"]', /holds no JSON object/],
    ['a key twice', '{"a":"1","a":"2"}', /key "a" twice/],
    ['records of somebody else', '{"_llmgw":{"a":1}}', /did not write/],
    ['a value that is no text', '{"a":{"b":"sk-a-plain-value"}}', /under "a" something that is no text/],
  ])('refuses %s, tells nothing of it, and writes nothing', async (_what, text, words) => {
    const { whole: inner, uniqueName } = await makeWorld()
    const secret = uniqueName()
    const { versionId } = await inner.create(whole(secret, text))
    const bundles = withBundles(inner)
    const name = keyAddress(secret, 'a')
    const attempts = [
      () => bundles.describe(name),
      () => bundles.value(name),
      () => bundles.create(key(name, 'a-new-value')),
      () => bundles.addVersion(name, { value: new Secret('a-new-value'), label: 'x' }),
    ]
    for (const attempt of attempts) {
      const error = await attempt().catch((thrown: unknown) => thrown)
      expect(error).toMatchObject({ code: 'BundleInvalid', message: expect.stringMatching(words) })
      expect(String(error)).not.toContain('sk-a-plain-value')
    }
    expect((await inner.value(secret))?.versionId).toBe(versionId)
    expect(Object.keys((await inner.describe(secret))?.versions ?? {})).toHaveLength(1)
  })

  it('refuses what AWS would not take before it writes any of it', async () => {
    const { whole: inner, uniqueName } = await makeWorld()
    const secret = uniqueName()
    const bundles = withBundles(inner)
    const large = ['a', 'b'].map((one) => key(keyAddress(secret, one), one.repeat(40_000)))
    await expect(bundles.createAll(large)).rejects.toMatchObject({ code: 'BundleTooLarge' })
    expect(await inner.describe(secret)).toBeUndefined()
    await bundles.createAll(large.slice(0, 1))
    await expect(bundles.createAll(large.slice(1))).rejects.toMatchObject({ code: 'BundleTooLarge' })
    expect(Object.keys((await inner.describe(secret))?.versions ?? {})).toHaveLength(1)
  })
}

function endsAreHonest(makeWorld: Make): void {
  it('shows all keys of one that is pending deletion as pending, and takes it back once', async () => {
    const { whole: inner, uniqueName } = await makeWorld()
    const secret = uniqueName()
    const bundles = withBundles(inner)
    const name = keyAddress(secret, 'a')
    await bundles.create(key(name, 'value-a'))
    await inner.scheduleDeletion(secret, 7)
    expect((await bundles.describe(name))?.deletedAt).toBeDefined()
    await expect(bundles.value(name)).rejects.toMatchObject({ code: 'SecretPendingDeletion' })
    await expect(bundles.create(key(keyAddress(secret, 'b'), 'b'))).rejects.toMatchObject({
      code: 'SecretPendingDeletion',
    })
    await bundles.restore(name)
    await bundles.restore(name)
    expect((await bundles.value(name))?.value.reveal()).toBe('value-a')
    await expect(bundles.restore(keyAddress(uniqueName(), 'a'))).rejects.toMatchObject({ code: 'NotFound' })
    await expect(bundles.scheduleDeletion(name, 7)).rejects.toThrow(/alone cannot be scheduled/)
  })
}
