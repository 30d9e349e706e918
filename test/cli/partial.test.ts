import { describe, expect, it } from 'vitest'
import { type FakeWorld, fakeWorld } from '../fakes/fake-world.ts'
import { runCli } from './run-cli.ts'

/** What a second deploy writes after somebody took a part away. */
async function restored(takeAway: (world: FakeWorld) => Promise<unknown> | unknown): Promise<readonly string[]> {
  const world = fakeWorld()
  expect((await runCli('deploy all --yes', { world })).code).toBe(0)
  await takeAway(world)
  const before = world.writes()
  const { code, stdout } = await runCli('deploy all --yes', { world })
  expect(code, stdout).toBe(0)
  const left = [...before]
  const written = world.writes().filter((write) => {
    const at = left.indexOf(write)
    if (at >= 0) left.splice(at, 1)
    return at < 0
  })
  expect((await runCli('status --exit-code', { world })).code).toBe(0)
  return written
}

describe('a platform of which a part is missing gets that part, and nothing else', () => {
  it('nothing is missing', async () => {
    expect(await restored(() => undefined)).toEqual([])
  })

  it('one of the namespaces, and what lived there', async () => {
    const written = await restored((world) =>
      world.kube.remove({ apiVersion: 'v1', kind: 'Namespace', name: 'monitoring' }),
    )
    expect(written[0]).toBe('kube.apply Namespace monitoring')
    expect(written.filter((write) => write.startsWith('kube.apply Namespace'))).toHaveLength(1)
    expect(written.filter((write) => /^(iam|secretsManager)\.| litellm\//.test(write))).toEqual([])
  })

  it('a role without its policy', async () => {
    const written = await restored(({ aws }) => {
      const role = aws.state.roles.get('llmgw-test-gateway')
      if (!role) throw new Error('no role')
      aws.state.roles.set(role.name, { ...role, inline: {} })
    })
    expect(written).toEqual(['iam.putInlinePolicy llmgw-test-gateway bedrock-invoke'])
  })

  it('a role', async () => {
    const written = await restored(({ aws }) => aws.state.roles.delete('llmgw-test-gateway'))
    expect(written).toEqual([
      'iam.createRole llmgw-test-gateway',
      'iam.putInlinePolicy llmgw-test-gateway bedrock-invoke',
    ])
  })

  it('the Secret of a release, which is synced anew and keeps its value', async () => {
    let before: unknown
    let world: FakeWorld | undefined
    const ref = { apiVersion: 'v1', kind: 'Secret', name: 'redis-credentials', namespace: 'litellm' }
    const written = await restored(async (given) => {
      world = given
      before = (await given.kube.find(ref))?.data
      await given.kube.remove(ref)
    })
    // What others may have added is taken back, and the operator is told to try again.
    expect(written).toEqual([
      'kube.apply ExternalSecret redis-credentials',
      'kube.patch ExternalSecret redis-credentials',
    ])
    expect((await world?.kube.find(ref))?.data).toEqual(before)
  })

  it('one workload of a release', async () => {
    const name = 'redis-redis-ha-server'
    const written = await restored((world) =>
      world.kube.remove({ apiVersion: 'apps/v1', kind: 'StatefulSet', name, namespace: 'litellm' }),
    )
    expect(written).toContain('helm.upgrade litellm/redis')
    expect(written.filter((write) => write.startsWith('helm.'))).toHaveLength(1)
    expect(written.filter((write) => !/^(helm|kube)\./.test(write))).toEqual([])
  })
})
