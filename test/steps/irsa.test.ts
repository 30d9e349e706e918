import { describe, expect, it } from 'vitest'
import type { Role } from '../../src/ports/index.ts'
import { irsaExternalSecrets } from '../../steps/irsa/irsa-external-secrets.ts'
import { irsaGateway } from '../../steps/irsa/irsa-gateway.ts'
import { type FakeWorld, fakeWorld } from '../fakes/fake-world.ts'
import { causeIn, changesOf, check, converge, destroy, plan, runtime } from './run.ts'

const NAME = 'llmgw-test-external-secrets'
const POLICY = 'secrets-manager-read'

function roleOf(world: FakeWorld): Role {
  const role = world.aws.state.roles.get(NAME)
  if (role === undefined) throw new Error(`no role ${NAME}`)
  return role
}

function tamper(world: FakeWorld, change: Partial<Role>): void {
  world.aws.state.roles.set(NAME, { ...roleOf(world), ...change })
}

async function deployed(): Promise<FakeWorld> {
  const world = fakeWorld()
  await converge(irsaExternalSecrets, world)
  return world
}

const statement = (Sid: string) => ({ Sid, Effect: 'Allow', Action: 's3:GetObject', Resource: '*' })

describe('a role of a service account', () => {
  it('trusts exactly one service account and reads exactly the configured secrets', async () => {
    const world = await deployed()
    expect(roleOf(world).tags).toEqual({
      'llmgw.dev/deployment': 'llmgw',
      'llmgw.dev/inputs': expect.stringMatching(/^[0-9a-f]{40}$/),
    })
    expect(roleOf(world).trust.Statement[0]?.Condition).toEqual({
      StringEquals: {
        'oidc.eks.us-east-1.amazonaws.com/id/EXAMPLE0123456789:sub':
          'system:serviceaccount:external-secrets:external-secrets',
        'oidc.eks.us-east-1.amazonaws.com/id/EXAMPLE0123456789:aud': 'sts.amazonaws.com',
      },
    })
    const resources = roleOf(world).inline[POLICY]?.Statement.flatMap(({ Resource }) => Resource)
    expect(resources).toContain('arn:aws:secretsmanager:us-east-1:123456789012:secret:litellm/redis-password-??????')
    expect(resources?.every((resource) => !String(resource).endsWith('*'))).toBe(true)
  })

  it('takes the same policy in another form for the same', async () => {
    const world = await deployed()
    const [first, ...rest] = roleOf(world).inline[POLICY]?.Statement ?? []
    const Action = [first?.Action].flat().reverse()
    tamper(world, { inline: { [POLICY]: { Version: '2012-10-17', Statement: [...rest, { ...first, Action }] } } })
    expect((await check(irsaExternalSecrets, world)).state).toBe('current')
  })

  it('mends a wrong subject in the trust policy', async () => {
    const world = await deployed()
    const wrong = JSON.parse(
      JSON.stringify(roleOf(world).trust).replace('external-secrets:external-secrets', 'default:x'),
    )
    tamper(world, { trust: wrong })
    const seen = await check(irsaExternalSecrets, world)
    expect(plan(seen)).toEqual([`update trust policy of iam role ${NAME}`])
    expect(JSON.stringify(changesOf(seen)[0]?.fields)).toContain('default:x')
    expect((await converge(irsaExternalSecrets, world)).state).toBe('current')
  })

  it('mends a policy that lacks a secret, and one that is gone after a run that died in between', async () => {
    const world = await deployed()
    const narrowed = [{ ...roleOf(world).inline[POLICY]?.Statement[0], Resource: ['arn:aws:secretsmanager:x'] }]
    tamper(world, { inline: { [POLICY]: { Version: '2012-10-17', Statement: narrowed } } })
    expect(plan(await check(irsaExternalSecrets, world))).toEqual([
      `update inline policy ${POLICY} of iam role ${NAME}`,
    ])
    expect((await converge(irsaExternalSecrets, world)).state).toBe('current')
    tamper(world, { inline: {} })
    expect(plan(await check(irsaExternalSecrets, world))).toEqual([
      `create inline policy ${POLICY} of iam role ${NAME}`,
    ])
    expect((await converge(irsaExternalSecrets, world)).state).toBe('current')
  })

  it('keeps and tells what others added', async () => {
    const world = await deployed()
    const { trust, inline } = roleOf(world)
    const widened = {
      ...inline[POLICY],
      Version: '2012-10-17',
      Statement: [...(inline[POLICY]?.Statement ?? []), statement('Theirs')],
    }
    tamper(world, {
      inline: { [POLICY]: widened, extra: { Version: '2012-10-17', Statement: [statement('More')] } },
      attached: ['arn:aws:iam::aws:policy/ReadOnlyAccess'],
      trust: { ...trust, Statement: [] },
    })
    const seen = await check(irsaExternalSecrets, world)
    expect(changesOf(seen)[0]?.detail).toContain('statement Theirs in policy secrets-manager-read')
    expect(changesOf(seen)[0]?.detail).toContain('inline policy extra')
    expect(changesOf(seen)[0]?.detail).toContain('attached policy arn:aws:iam::aws:policy/ReadOnlyAccess')
    expect((await converge(irsaExternalSecrets, world)).state).toBe('current')
    expect(roleOf(world).inline[POLICY]?.Statement.some(({ Sid }) => Sid === 'Theirs')).toBe(true)
    expect(await irsaExternalSecrets.view?.(runtime(world).ctx)).toContain('not ours: inline policy extra')
  })

  it('refuses to destroy a role that others use, and names what they added', async () => {
    const world = await deployed()
    tamper(world, { attached: ['arn:aws:iam::aws:policy/ReadOnlyAccess'] })
    await expect(destroy(irsaExternalSecrets, world)).rejects.toMatchObject({
      code: 'RoleInUse',
      message: expect.stringContaining('ReadOnlyAccess'),
    })
    expect(roleOf(world).inline[POLICY]).toBeDefined()
  })

  it('stops where the account has no OIDC provider of the cluster, or one for another audience', async () => {
    const none = fakeWorld({ aws: { oidcProviders: [] } })
    await expect(check(irsaGateway, none)).rejects.toMatchObject({
      code: 'OidcProviderMissing',
      hint: 'eksctl utils associate-iam-oidc-provider --cluster test --region us-east-1 --approve',
    })
    const world = fakeWorld()
    for (const [arn, provider] of world.aws.state.oidcProviders)
      world.aws.state.oidcProviders.set(arn, { ...provider, audiences: ['other'] })
    await expect(check(irsaGateway, world)).rejects.toMatchObject({ code: 'OidcAudienceMissing' })
  })

  it("refuses another deployment's role, and adopts nobody's only when asked", async () => {
    const world = await deployed()
    tamper(world, { tags: { 'llmgw.dev/deployment': 'other' } })
    await expect(check(irsaExternalSecrets, world)).rejects.toMatchObject({ code: 'ForeignOwner' })
    expect(await destroy(irsaExternalSecrets, world)).toEqual([`iam role ${NAME} is left: its owner is other`])
    tamper(world, { tags: {} })
    await expect(check(irsaExternalSecrets, world)).rejects.toMatchObject({ code: 'NotOwned' })
    const adopting = world.with({ options: { adopt: true } })
    expect(plan(await check(irsaExternalSecrets, adopting))).toEqual([`adopt iam role ${NAME}`])
    expect((await converge(irsaExternalSecrets, adopting)).state).toBe('current')
    expect((await check(irsaExternalSecrets, world)).state).toBe('current')
  })

  it('sets a permissions boundary on what it makes, and tells how to set it on what is there', async () => {
    const boundary = 'arn:aws:iam::123456789012:policy/boundary'
    const world = fakeWorld({ config: { aws: { permissionsBoundary: boundary } } })
    await converge(irsaExternalSecrets, world)
    expect(roleOf(world).permissionsBoundary).toBe(boundary)
    const { permissionsBoundary: _, ...unbounded } = roleOf(world)
    world.aws.state.roles.set(NAME, unbounded)
    const seen = await check(irsaExternalSecrets, world)
    expect(causeIn(seen)).toMatchObject({ code: 'RoleBoundaryDiffers', hint: expect.stringContaining(boundary) })
  })

  it('has no policy where no model needs one', async () => {
    const world = fakeWorld({ config: { models: [] } })
    expect(plan(await check(irsaGateway, world))).toEqual(['create iam role llmgw-test-gateway'])
    expect((await converge(irsaGateway, world)).state).toBe('current')
  })
})
