import { describe, expect, it } from 'vitest'
import { PreflightError } from '../../../src/errors.ts'
import { checks } from '../../../steps/verify/index.ts'
import { type FakeWorld, fakeWorld } from '../../fakes/fake-world.ts'
import { deployed } from './deployed.ts'
import { CONSTRAINT, COPY, SPOILED } from './spoiled.ts'

async function run(id: string, world: FakeWorld) {
  const check = checks.find((candidate) => candidate.id === id)
  if (check === undefined) throw new Error(`no check ${id}`)
  return await check.run({ ...world, signal: new AbortController().signal })
}

describe('checks', () => {
  it('each have a negative control', () => {
    // `account` has a test of its own: no write in the world changes whose credentials they are.
    expect([...Object.keys(SPOILED), 'account'].sort()).toEqual(checks.map(({ id }) => id).sort())
  })

  it.each(checks.map(({ id }) => id).filter((id) => id !== 'account'))(
    '%s passes, and fails when it must',
    async (id) => {
      const world = await deployed()
      expect(await run(id, world)).toMatchObject({ result: 'pass' })
      await SPOILED[id]?.spoil(world)
      const after = await run(id, world)
      expect(after.result).toBe('fail')
      expect(after.found).toMatch(SPOILED[id]?.found ?? /never/)
      expect(after.lookedAt).not.toBe('')
      expect(after.hint).toBeDefined()
    },
  )

  it('name the namespaces of the configuration in their hints', async () => {
    const world = await deployed({ namespaces: { gateway: 'llm-gateway' } })
    world.litellm.faults.tables = false
    expect((await run('litellm-database', world)).hint).toBe('kubectl logs -n llm-gateway job/litellm-migrations')
  })

  it('account fails for the credentials of another account', async () => {
    expect(await run('account', fakeWorld())).toMatchObject({ result: 'pass' })
    const other = await run('account', fakeWorld({ aws: { accountId: '999999999999' } }))
    expect(other).toMatchObject({ result: 'fail', found: 'account 999999999999, expected 123456789012' })
  })

  it('wait for the first audit of a policy that is new, and do not take it for one', async () => {
    const world = await deployed()
    world.kube.setStatus(CONSTRAINT, { totalViolations: 0 })
    expect(await run('policy-audit', world)).toMatchObject({
      result: 'skip',
      found: expect.stringMatching(/not audited yet.*no-latest-tag was written \d+ s ago/),
    })
  })

  it('warn of what others added to a role', async () => {
    const world = await deployed()
    const role = world.aws.state.roles.get('llmgw-test-gateway')
    if (role)
      world.aws.state.roles.set(role.name, { ...role, attached: ['arn:aws:iam::aws:policy/AdministratorAccess'] })
    expect(await run('role-gateway', world)).toMatchObject({
      result: 'warn',
      found: expect.stringContaining('AdministratorAccess'),
    })
  })

  it('tell a key too many and a key too few, and never a value', async () => {
    const world = await deployed()
    await world.kube.patch(COPY, { data: { 'redis-password': null, stray: btoa('stray secret value') } })
    const { found } = await run('secret-values', world)
    expect(found).toContain('key redis-password is absent')
    expect(found).toContain('key stray is not configured')
    expect(found).not.toContain('stray secret value')
  })

  it('let LiteLLM drop the connections that a restart of Redis has cut, and no more', async () => {
    const world = await deployed()
    world.litellm.faults.cutConnections = 2
    expect(await run('litellm-cache', world)).toMatchObject({ result: 'pass' })
    world.litellm.faults.cutConnections = 100
    expect(await run('litellm-cache', world)).toMatchObject({ result: 'fail' })
  })

  it('skip what the configuration does not have', async () => {
    const world = fakeWorld({ config: { cache: { kind: 'none' } } })
    expect(await run('release-redis', world)).toMatchObject({ result: 'skip' })
  })

  it('say nothing of what IAM allows to whom may not ask, or of a role that is not there', async () => {
    const world = await deployed()
    world.aws.failNext('iam.simulate', new PreflightError('AwsDenied', 'not allowed: iam:SimulatePrincipalPolicy'))
    const found = expect.stringContaining('iam:SimulatePrincipalPolicy')
    expect(await run('role-permits-gateway', world)).toMatchObject({ result: 'skip', found })
    expect(await run('role-permits-gateway', world)).toMatchObject({ result: 'pass' })
    expect(await run('role-permits-gateway', fakeWorld())).toMatchObject({ result: 'skip' })
  })

  it('cannot look is no verdict', async () => {
    const world = await deployed()
    world.helm.failNext('find', new Error('no answer'))
    await expect(run('release-redis', world)).rejects.toThrow('no answer')
  })
})
