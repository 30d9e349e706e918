import { randomUUID } from 'node:crypto'
import { describe, expect, it } from 'vitest'
import type { SecretsManager } from '../../src/ports/index.ts'
import { Secret } from '../../src/secret.ts'

/** An account without secrets of the names that `uniqueName` gives. */
export interface SecretsManagerWorld {
  readonly secretsManager: Omit<SecretsManager, 'createAll' | 'ownKeys'>
  readonly uniqueName: () => string
  /** A container without a value, as `aws secretsmanager create-secret --name` alone makes it. */
  readonly makeEmpty: (name: string) => Promise<void>
}

const fresh = (name: string, value = `value-${randomUUID()}`) => ({
  name,
  value: new Secret(value),
  description: 'a secret',
  tags: { team: 'a b' },
})

/** What every implementation of the port `SecretsManager` keeps. */
export function describeSecretsManagerContract(name: string, makeWorld: () => Promise<SecretsManagerWorld>): void {
  describe(`secrets manager contract: ${name}`, () => {
    factsAreKept(makeWorld)
    deletionIsHonest(makeWorld)
  })
  describeValuesContract(name, makeWorld)
}

/** The part of it that is about values: what the keys of a JSON secret keep, too. */
export function describeValuesContract(name: string, makeWorld: () => Promise<SecretsManagerWorld>): void {
  describe(`values contract: ${name}`, () => {
    creationIsSafe(makeWorld)
    valuesAreKept(makeWorld)
    versionsAreMoved(makeWorld)
  })
}

function factsAreKept(makeWorld: () => Promise<SecretsManagerWorld>): void {
  it('creates a secret with its value, tags and description', async () => {
    const { secretsManager, uniqueName } = await makeWorld()
    const name = uniqueName()
    const { arn, versionId } = await secretsManager.create(fresh(name, 'first-value'))
    const found = await secretsManager.describe(name)
    expect(found).toMatchObject({ name, arn, description: 'a secret', tags: { team: 'a b' } })
    expect(found?.arn).toMatch(new RegExp(`:secret:${name}-[A-Za-z0-9]{6}$`))
    expect(found?.versions).toEqual({ [versionId]: ['AWSCURRENT'] })
    expect(found?.deletedAt).toBeUndefined()
    const read = await secretsManager.value(name)
    expect(read?.value.reveal()).toBe('first-value')
    expect(read?.versionId).toBe(versionId)
  })

  it('lists the secrets with exactly one tag, but for those pending deletion', async () => {
    const { secretsManager, uniqueName } = await makeWorld()
    const [key, value] = [`key-${randomUUID()}`, 'ours']
    const [one, two, longer, gone] = [uniqueName(), uniqueName(), uniqueName(), uniqueName()]
    for (const [name, tag] of [
      [one, value],
      [two, value],
      [longer, `${value}-not`],
      [gone, value],
    ] as const)
      await secretsManager.create({ ...fresh(name), tags: { [key]: tag } })
    await secretsManager.scheduleDeletion(gone, 7)
    expect(await secretsManager.tagged({ key, value })).toEqual([one, two].sort())
    expect(await secretsManager.tagged({ key, value: 'other' })).toEqual([])
  })
}

function creationIsSafe(makeWorld: () => Promise<SecretsManagerWorld>): void {
  it('never touches a secret that is there', async () => {
    const { secretsManager, uniqueName } = await makeWorld()
    const name = uniqueName()
    const { versionId } = await secretsManager.create(fresh(name, 'first-value'))
    await expect(secretsManager.create(fresh(name, 'other-value'))).rejects.toMatchObject({ code: 'AlreadyExists' })
    expect((await secretsManager.value(name))?.versionId).toBe(versionId)
  })

  it('takes a repeated create with the same token for the same call, and another value for another one', async () => {
    const { secretsManager, uniqueName } = await makeWorld()
    const wanted = { ...fresh(uniqueName(), 'first-value'), token: randomUUID() }
    const first = await secretsManager.create(wanted)
    expect(await secretsManager.create(wanted)).toEqual(first)
    expect(first.versionId).toBe(wanted.token)
    const other = { ...wanted, value: new Secret('other-value') }
    await expect(secretsManager.create(other)).rejects.toMatchObject({ code: 'AlreadyExists' })
    expect((await secretsManager.value(wanted.name))?.value.reveal()).toBe('first-value')
  })

  it('answers undefined for a secret that does not exist', async () => {
    const { secretsManager, uniqueName } = await makeWorld()
    expect(await secretsManager.describe(uniqueName())).toBeUndefined()
    expect(await secretsManager.value(uniqueName())).toBeUndefined()
  })
}

function valuesAreKept(makeWorld: () => Promise<SecretsManagerWorld>): void {
  it('gives a container its first value, and never a second one', async () => {
    const { secretsManager, uniqueName, makeEmpty } = await makeWorld()
    const name = uniqueName()
    await makeEmpty(name)
    expect((await secretsManager.describe(name))?.versions).toEqual({})
    expect(await secretsManager.value(name)).toBeUndefined()
    const { versionId } = await secretsManager.putFirstValue(name, new Secret('first-value'))
    const read = await secretsManager.value(name)
    expect(read?.value.reveal()).toBe('first-value')
    expect(read?.versionId).toBe(versionId)
    const second = secretsManager.putFirstValue(name, new Secret('other-value'))
    await expect(second).rejects.toMatchObject({ code: 'AlreadyExists' })
    expect((await secretsManager.value(name))?.versionId).toBe(versionId)
  })

  it('adds tags to those there are', async () => {
    const { secretsManager, uniqueName } = await makeWorld()
    const name = uniqueName()
    await secretsManager.create(fresh(name))
    await secretsManager.tag(name, { owner: 'x' })
    expect((await secretsManager.describe(name))?.tags).toEqual({ team: 'a b', owner: 'x' })
    await expect(secretsManager.tag(uniqueName(), { owner: 'x' })).rejects.toMatchObject({ code: 'NotFound' })
  })
}

const LABEL = 'llmgw-test'

function versionsAreMoved(makeWorld: () => Promise<SecretsManagerWorld>): void {
  it('adds a version that is not current before it is made so, and keeps the one before as the previous', async () => {
    const { secretsManager, uniqueName } = await makeWorld()
    const name = uniqueName()
    const first = await secretsManager.create(fresh(name, 'first-value'))
    const version = { value: new Secret('second-value'), label: LABEL, token: randomUUID() }
    const second = await secretsManager.addVersion(name, version)
    expect(await secretsManager.addVersion(name, version)).toEqual(second)
    expect((await secretsManager.value(name))?.value.reveal()).toBe('first-value')
    expect((await secretsManager.describe(name))?.versions).toEqual({
      [first.versionId]: ['AWSCURRENT'],
      [second.versionId]: [LABEL],
    })
    const versionsOf = async (ids: readonly string[]) =>
      await Promise.all(ids.map(async (id) => (await secretsManager.versionValue(name, id))?.reveal()))
    const both = [first.versionId, second.versionId]
    expect(await versionsOf(both)).toEqual(['first-value', 'second-value'])
    await secretsManager.promote(name, second.versionId)
    await secretsManager.promote(name, second.versionId)
    expect(await versionsOf([...both, randomUUID()])).toEqual(['first-value', 'second-value', undefined])
    expect(await secretsManager.versionValue(uniqueName(), second.versionId)).toBeUndefined()
    expect((await secretsManager.value(name))?.value.reveal()).toBe('second-value')
    const { versions = {} } = (await secretsManager.describe(name)) ?? {}
    expect(versions[first.versionId]).toEqual(['AWSPREVIOUS'])
    expect([...(versions[second.versionId] ?? [])].sort()).toEqual(['AWSCURRENT', LABEL])
  })

  it('goes back to the version before', async () => {
    const { secretsManager, uniqueName } = await makeWorld()
    const name = uniqueName()
    const first = await secretsManager.create(fresh(name, 'first-value'))
    const { versionId } = await secretsManager.addVersion(name, { value: new Secret('second-value'), label: LABEL })
    await secretsManager.promote(name, versionId)
    await secretsManager.promote(name, first.versionId)
    expect((await secretsManager.value(name))?.value.reveal()).toBe('first-value')
    expect([...((await secretsManager.describe(name))?.versions[versionId] ?? [])].sort()).toEqual([
      'AWSPREVIOUS',
      LABEL,
    ])
  })

  it('forgets a version whose last label is taken off', async () => {
    const { secretsManager, uniqueName } = await makeWorld()
    const name = uniqueName()
    await secretsManager.create(fresh(name, 'first-value'))
    const { versionId } = await secretsManager.addVersion(name, { value: new Secret('second-value'), label: LABEL })
    await secretsManager.promote(name, versionId)
    expect(await secretsManager.removeLabel(name, 'AWSPREVIOUS')).toBe(true)
    expect(await secretsManager.removeLabel(name, 'AWSPREVIOUS')).toBe(false)
    expect(await secretsManager.removeLabel(name, LABEL)).toBe(true)
    expect((await secretsManager.describe(name))?.versions).toEqual({ [versionId]: ['AWSCURRENT'] })
  })

  it('says so when there is no such secret', async () => {
    const { secretsManager, uniqueName } = await makeWorld()
    const version = { value: new Secret('second-value'), label: LABEL }
    await expect(secretsManager.addVersion(uniqueName(), version)).rejects.toMatchObject({ code: 'NotFound' })
    await expect(secretsManager.promote(uniqueName(), randomUUID())).rejects.toMatchObject({ code: 'NotFound' })
    await expect(secretsManager.removeLabel(uniqueName(), LABEL)).rejects.toMatchObject({ code: 'NotFound' })
  })
}

function deletionIsHonest(makeWorld: () => Promise<SecretsManagerWorld>): void {
  it('shows a pending deletion, whose value is unreadable and whose name is taken', async () => {
    const { secretsManager, uniqueName } = await makeWorld()
    const name = uniqueName()
    const { versionId } = await secretsManager.create(fresh(name, 'first-value'))
    expect(await secretsManager.scheduleDeletion(name, 7)).toBe(true)
    const pending = await secretsManager.describe(name)
    expect(Date.parse(pending?.deletedAt ?? '')).not.toBeNaN()
    await expect(secretsManager.value(name)).rejects.toMatchObject({ code: 'SecretPendingDeletion' })
    await expect(secretsManager.create(fresh(name))).rejects.toMatchObject({ code: 'SecretPendingDeletion' })
    expect(await secretsManager.scheduleDeletion(name, 7)).toBe(true)
    await secretsManager.restore(name)
    expect((await secretsManager.describe(name))?.deletedAt).toBeUndefined()
    const read = await secretsManager.value(name)
    expect([read?.versionId, read?.value.reveal()]).toEqual([versionId, 'first-value'])
  })

  it('purges for good, also what is pending deletion', async () => {
    const { secretsManager, uniqueName } = await makeWorld()
    const [live, pending] = [uniqueName(), uniqueName()]
    await secretsManager.create(fresh(live))
    await secretsManager.create(fresh(pending))
    await secretsManager.scheduleDeletion(pending, 7)
    expect(await secretsManager.purge(live)).toBe(true)
    expect(await secretsManager.purge(pending)).toBe(true)
    expect(await secretsManager.describe(live)).toBeUndefined()
    expect(await secretsManager.describe(pending)).toBeUndefined()
    await secretsManager.create(fresh(live))
  })

  it('says that there was nothing to delete, and NotFound to a restore', async () => {
    const { secretsManager, uniqueName } = await makeWorld()
    expect(await secretsManager.scheduleDeletion(uniqueName(), 7)).toBe(false)
    expect(await secretsManager.purge(uniqueName())).toBe(false)
    await expect(secretsManager.restore(uniqueName())).rejects.toMatchObject({ code: 'NotFound' })
  })
}
