import { createHash } from 'node:crypto'
import { describe, expect, it } from 'vitest'
import { NotYetKnown } from '../../src/engine/step.ts'
import { litellm } from '../../steps/litellm/litellm.ts'
import { namespaces } from '../../steps/namespaces.ts'
import { openwebuiKey } from '../../steps/openwebui/openwebui-key.ts'
import { secrets } from '../../steps/secrets.ts'
import { type FakeWorld, type FakeWorldOverrides, fakeWorld } from '../fakes/fake-world.ts'
import { changesOf, check, converge, destroy, plan, rotated } from './run.ts'

async function gateway(config: FakeWorldOverrides['config'] = {}): Promise<FakeWorld> {
  const world = fakeWorld({ config })
  await converge(namespaces, world)
  await converge(secrets, world)
  await converge(litellm, world)
  return world
}

describe("Open WebUI's key", () => {
  it('is made with the value from Secrets Manager, for the configured models and for calls of models alone', async () => {
    const world = await gateway()
    expect(plan(await check(openwebuiKey, world))).toEqual(['create litellm key open-webui'])
    expect((await converge(openwebuiKey, world)).state).toBe('current')
    expect([...world.litellm.keys.values()]).toEqual([
      {
        key_alias: 'open-webui',
        models: ['claude-haiku', 'claude-sonnet', 'nova-lite'],
        key_type: 'llm_api',
        created_at: expect.any(String),
        status: 'active',
      },
    ])
  })

  it('never puts the value into an address', async () => {
    const world = await gateway()
    await converge(openwebuiKey, world)
    const value = [...(world.aws.state.secrets.get('openwebui/litellm-key')?.versions.values() ?? [])][0]?.value ?? ''
    expect(value).toMatch(/^sk-/)
    expect(world.litellm.asked.join('\n')).not.toContain(value)
  })

  it('follows the list of models', async () => {
    const world = await gateway()
    await converge(openwebuiKey, world)
    const fewer = world.with({ config: { models: [{ name: 'nova-lite', provider: 'mock', model: 'x' }] } })
    expect(changesOf(await check(openwebuiKey, fewer))).toEqual([
      expect.objectContaining({
        action: 'update',
        fields: [{ path: 'models', before: 'claude-haiku, claude-sonnet, nova-lite', after: 'nova-lite' }],
      }),
    ])
    expect((await converge(openwebuiKey, fewer)).state).toBe('current')
  })

  it('is made again when its value changes, or somebody deleted it', async () => {
    const world = await gateway()
    await converge(openwebuiKey, world)
    rotated(world, 'openwebui/litellm-key')
    expect((await check(openwebuiKey, world)).state).toBe('missing')
    expect((await converge(openwebuiKey, world)).state).toBe('current')
    // The one before works until a rotation ends it: pods may present it still.
    expect([...world.litellm.keys.values()].map(({ key_alias }) => key_alias)).toEqual(['open-webui', 'open-webui-2'])
    world.litellm.keys.clear()
    expect((await check(openwebuiKey, world)).state).toBe('missing')
  })

  it('takes the place of the older of two values before it', async () => {
    const world = await gateway()
    for (const value of ['one', 'two', 'three']) {
      rotated(world, 'openwebui/litellm-key', `sk-${value}`)
      expect((await converge(openwebuiKey, world)).state).toBe('current')
    }
    const digests = ['sk-two', 'sk-three'].map((value) => createHash('sha256').update(value).digest('hex'))
    expect([...world.litellm.keys.keys()]).toEqual(digests)
  })

  it('is mended when it was blocked', async () => {
    const world = await gateway()
    await converge(openwebuiKey, world)
    for (const [id, key] of world.litellm.keys) world.litellm.keys.set(id, { ...key, status: 'revoked' })
    expect((await check(openwebuiKey, world)).state).toBe('drifted')
    expect((await converge(openwebuiKey, world)).state).toBe('current')
  })

  it('waits for a gateway that does not answer, and tells what it says when it refuses', async () => {
    const world = await gateway()
    await world.kube.remove({ apiVersion: 'v1', kind: 'Pod', name: 'litellm-0', namespace: 'litellm' })
    await expect(check(openwebuiKey, world)).rejects.toBeInstanceOf(NotYetKnown)
    const other = await gateway({ namespaces: { gateway: 'llm-gateway' } })
    other.litellm.refuse()
    await expect(check(openwebuiKey, other)).rejects.toMatchObject({
      code: 'GatewayRefused',
      hint: expect.stringContaining('kubectl logs -n llm-gateway deployment/litellm'),
    })
  })

  it('goes with what used it', async () => {
    const world = await gateway()
    await converge(openwebuiKey, world)
    expect(await destroy(openwebuiKey, world)).toEqual([])
    expect(world.litellm.keys.size).toBe(0)
  })

  it.each([
    [{ ui: { kind: 'none' } }, 'ui.kind is none'],
    [{ preset: 'lean' }, 'without a database LiteLLM keeps no keys'],
  ])('is none for %j', (config, reason) => {
    expect(openwebuiKey.off?.(fakeWorld({ config }))).toBe(reason)
  })

  it('is none in a sandbox in which nothing would keep it', () => {
    const world = fakeWorld()
    const inSandbox = (unservedDatabase: boolean) =>
      openwebuiKey.off?.({ ...world, target: { ...world.target, sandbox: true, unservedDatabase } })
    expect(inSandbox(true)).toMatch(/^this sandbox has no PostgreSQL/)
    expect(inSandbox(false)).toBeUndefined()
  })
})
