import { describe, expect, it } from 'vitest'
import type { Iam, PolicyDocument } from '../../src/ports/index.ts'
import { samePolicy } from '../../src/ports/policy.ts'

/** An account with one OIDC provider and no role of the names that `uniqueName` gives. */
export interface IamWorld {
  readonly iam: Iam
  readonly accountId: string
  readonly provider: { readonly arn: string; readonly url: string; readonly audience: string }
  readonly uniqueName: () => string
}

const trust = (service: string): PolicyDocument => ({
  Version: '2012-10-17',
  Statement: [{ Effect: 'Allow', Principal: { Service: service }, Action: 'sts:AssumeRole' }],
})
const policy = (bucket: string): PolicyDocument => ({
  Version: '2012-10-17',
  // A plus and a per cent sign tell whether URL encoding is undone exactly once.
  Statement: [{ Effect: 'Allow', Action: ['s3:GetObject'], Resource: [`arn:aws:s3:::${bucket}/a+b%20c/*`] }],
})

async function makeRole({ iam, uniqueName }: IamWorld): Promise<string> {
  const name = uniqueName()
  await iam.createRole({ name, trust: trust('ec2.amazonaws.com'), tags: { team: 'a b' }, description: 'a role' })
  return name
}

/** What every implementation of the port `Iam` keeps. */
export function describeIamContract(name: string, makeWorld: () => Promise<IamWorld>): void {
  describe(`iam contract: ${name}`, () => {
    rolesAreKept(makeWorld)
    policiesAreKept(makeWorld)

    it('simulates what the policies of a role allow: pair by pair, and a refusal goes before a permission', async () => {
      const world = await makeWorld()
      const { iam } = world
      const name = await makeRole(world)
      const object = (bucket: string) => `arn:aws:s3:::${bucket}/a`
      const allow = { Effect: 'Allow', Action: ['s3:Get*'], Resource: [object('one'), object('tw?')] }
      const deny = { Effect: 'Deny', Action: 's3:GetObjectAcl', Resource: '*' }
      await iam.putInlinePolicy(name, 'p', { Version: '2012-10-17', Statement: [allow, deny] })
      const principal = (await iam.findRole(name))?.arn ?? ''
      const actions = ['s3:GetObject', 's3:GetObjectAcl', 's3:PutObject']
      const answers = await iam.simulate({
        principal,
        actions,
        resources: [object('one'), object('two'), object('three')],
      })
      expect(answers).toHaveLength(9)
      expect(answers.filter(({ allowed }) => allowed).map(({ action, resource }) => [action, resource])).toEqual([
        ['s3:GetObject', object('one')],
        ['s3:GetObject', object('two')],
      ])
      await expect(iam.simulate({ principal: `${principal}-other`, actions, resources: [] })).rejects.toMatchObject({
        code: 'NotFound',
      })
    })

    it('finds an OIDC provider by its ARN, and undefined where there is none', async () => {
      const { iam, provider } = await makeWorld()
      const found = await iam.findOidcProvider(provider.arn)
      expect(found?.url.replace(/^https:\/\//, '')).toBe(provider.url.replace(/^https:\/\//, ''))
      expect(found?.audiences).toContain(provider.audience)
      expect(await iam.findOidcProvider(`${provider.arn}-other`)).toBeUndefined()
    })
  })
}

function rolesAreKept(makeWorld: () => Promise<IamWorld>): void {
  it('creates a role with trust and tags, once', async () => {
    const world = await makeWorld()
    const name = await makeRole(world)
    const role = await world.iam.findRole(name)
    expect(role).toMatchObject({
      name,
      arn: `arn:aws:iam::${world.accountId}:role/${name}`,
      tags: { team: 'a b' },
      inline: {},
      attached: [],
      maxSessionSeconds: 3600,
    })
    expect(samePolicy(role?.trust ?? '{}', trust('ec2.amazonaws.com'))).toBe(true)
    const again = { name, trust: trust('lambda.amazonaws.com'), tags: {}, description: '' }
    await expect(world.iam.createRole(again)).rejects.toMatchObject({ code: 'AlreadyExists' })
    expect(samePolicy((await world.iam.findRole(name))?.trust ?? '{}', trust('ec2.amazonaws.com'))).toBe(true)
  })

  it('answers undefined for a role that does not exist, and NotFound to a change of it', async () => {
    const { iam, uniqueName } = await makeWorld()
    const name = uniqueName()
    expect(await iam.findRole(name)).toBeUndefined()
    await expect(iam.updateTrust(name, trust('ec2.amazonaws.com'))).rejects.toMatchObject({ code: 'NotFound' })
    await expect(iam.tagRole(name, { a: 'b' })).rejects.toMatchObject({ code: 'NotFound' })
    await expect(iam.putInlinePolicy(name, 'p', policy('x'))).rejects.toMatchObject({ code: 'NotFound' })
    expect(await iam.removeInlinePolicy(name, 'p')).toBe(false)
    expect(await iam.removeRole(name)).toBe(false)
  })

  it('replaces the trust policy and adds tags to those there are', async () => {
    const world = await makeWorld()
    const name = await makeRole(world)
    await world.iam.updateTrust(name, trust('lambda.amazonaws.com'))
    await world.iam.tagRole(name, { owner: 'x' })
    const role = await world.iam.findRole(name)
    expect(samePolicy(role?.trust ?? '{}', trust('lambda.amazonaws.com'))).toBe(true)
    expect(role?.tags).toEqual({ team: 'a b', owner: 'x' })
  })
}

function policiesAreKept(makeWorld: () => Promise<IamWorld>): void {
  it('writes, replaces and removes inline policies, and refuses to remove a role that has one', async () => {
    const world = await makeWorld()
    const name = await makeRole(world)
    await world.iam.putInlinePolicy(name, 'first', policy('one'))
    await world.iam.putInlinePolicy(name, 'second', policy('two'))
    await world.iam.putInlinePolicy(name, 'first', policy('three'))
    const role = await world.iam.findRole(name)
    expect(role?.inline).toEqual({ first: policy('three'), second: policy('two') })
    await expect(world.iam.removeRole(name)).rejects.toMatchObject({ code: 'AwsFailed' })
    expect(await world.iam.removeInlinePolicy(name, 'first')).toBe(true)
    expect(await world.iam.removeInlinePolicy(name, 'first')).toBe(false)
    expect(await world.iam.removeInlinePolicy(name, 'second')).toBe(true)
    expect(await world.iam.removeRole(name)).toBe(true)
    expect(await world.iam.findRole(name)).toBeUndefined()
  })

  it('reads all inline policies of a role that has many', async () => {
    const world = await makeWorld()
    const name = await makeRole(world)
    const names = Array.from({ length: 7 }, (_, index) => `policy-${index}`)
    for (const one of names) await world.iam.putInlinePolicy(name, one, policy(one))
    expect(Object.keys((await world.iam.findRole(name))?.inline ?? {}).sort()).toEqual(names)
  })
}
