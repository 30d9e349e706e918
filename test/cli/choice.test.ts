import { describe, expect, it } from 'vitest'
import { components } from '../../steps/index.ts'
import { fakeWorld } from '../fakes/fake-world.ts'
import { runCli } from './run-cli.ts'

async function deployed() {
  const world = fakeWorld()
  expect((await runCli('deploy all --yes', { world })).code).toBe(0)
  return world
}

describe('--only and --skip', () => {
  it('--only deploys the components it lists, by any of their names, and no other', async () => {
    const world = fakeWorld()
    const { code } = await runCli('deploy all --only namespaces,storage --yes', { world })
    expect(code).toBe(0)
    const kinds = new Set(world.writes().map((write) => write.split(' ')[1]))
    expect([...kinds].sort()).toEqual(['Namespace', 'StorageClass'])
  })

  it('--only names what it needs and lacks, with the command, and --with-needs includes it', async () => {
    const world = fakeWorld()
    const { code, stderr } = await runCli('deploy all --only redis --yes', { world })
    expect([code, world.writes()]).toEqual([3, []])
    expect(stderr).toContain('what it needs is not there: namespaces is missing')
    expect(stderr).toMatch(/next: llmgw deploy namespaces .*\(or add --with-needs\)/)
    expect((await runCli('deploy all --only redis --with-needs --yes', { world })).code).toBe(0)
  })

  it('--skip deploys all others', async () => {
    const world = fakeWorld()
    const { code, stdout } = await runCli('deploy all --skip openwebui --yes --output json', { world })
    expect(code).toBe(0)
    const upgraded = world.writes().filter((write) => write.startsWith('helm.'))
    expect(upgraded).toContain('helm.upgrade external-secrets/external-secrets')
    expect(upgraded).not.toContain('helm.upgrade open-webui/open-webui')
    expect(JSON.parse(stdout)).toMatchObject({ command: 'deploy all --skip openwebui', ok: true })
  })

  it('--skip of what others need is refused with the command where it is lacking, and fine where it is there', async () => {
    const world = fakeWorld()
    const { code, stderr } = await runCli('deploy all --skip eso,irsa --yes', { world })
    expect([code, world.writes()]).toEqual([3, []])
    expect(stderr).toContain('next: llmgw deploy external-secrets irsa --with-needs   (or take it out of --skip)')
    expect((await runCli('deploy all --skip eso,irsa --yes', { world: await deployed() })).code).toBe(0)
  })

  it('a skipped component that has drifted is left as it is', async () => {
    const world = await deployed()
    const role = [...world.aws.state.roles.values()][0]
    if (!role) throw new Error('no role')
    world.aws.state.roles.set(role.name, { ...role, inline: {} })
    const before = world.writes().length
    expect((await runCli('deploy all --skip irsa --yes', { world })).code).toBe(0)
    expect(world.writes().length).toBe(before)
    await runCli('deploy all --yes', { world })
    expect(world.writes().length).toBe(before + 1)
  })

  it('plan shows the same choice', async () => {
    const world = fakeWorld()
    const only = await runCli('plan --only storage --exit-code', { world })
    expect([only.code, only.stdout]).toEqual([4, expect.stringMatching(/^storage {2}missing/)])
    const skip = await runCli('plan all --skip storage,redis', { world })
    expect(skip.stdout).not.toMatch(/^(storage|redis) /m)
    expect(skip.stdout).toMatch(/^namespaces {2}missing/m)
  })

  it.each([
    [
      'deploy all --only rediss --yes',
      'there is no component "rediss"; did you mean "redis"?\n  next: see the names with: llmgw components',
    ],
    [
      'deploy storage --skip redis --yes',
      '--skip chooses among all components, but storage are named\n  next: name all with it: all --skip redis; or leave it out',
    ],
    [
      'deploy all --only , --yes',
      '--only is ",", expected names of components\n  next: separate them with commas, e.g. --only redis,storage; see the names with: llmgw components',
    ],
    ['deploy all --only all --yes', '--only is "all", expected names of components\n  next: separate them'],
    ['deploy all --only redis --skip storage', "option '--only <components>' cannot be used with option '--skip"],
    ['deploy all --skip redis --with-needs', "option '--with-needs' cannot be used with option '--skip"],
  ])('%s is a usage error', async (args, text) => {
    const { code, stderr, stdout } = await runCli(args)
    expect([code, stdout]).toEqual([2, ''])
    expect(stderr).toContain(`error: ${text}`)
  })

  it('refuses to skip everything', async () => {
    const all = components.map(({ name }) => name).join(',')
    const { code, stderr } = await runCli(`deploy all --skip ${all} --yes`, { world: fakeWorld() })
    expect([code, stderr]).toEqual([2, expect.stringContaining('--skip leaves no component to work on')])
  })
})
