import { describe, expect, it } from 'vitest'
import type { KubeObject } from '../../src/ports/index.ts'
import type { FakeWorld } from '../fakes/fake-world.ts'
import { FILE, runCli } from './run-cli.ts'
import { failAt, platform, restarts } from './secrets-world.ts'

const BUNDLE = 'llm-gateway/api-keys'
const BUNDLED = `${FILE}secrets: { layout: bundle }\n`
const API = 'external-secrets.io/v1'

const currentOf = (world: FakeWorld, name: string) => {
  const secret = world.aws.state.secrets.get(name)
  const found = [...(secret?.versions ?? [])].find(([, { labels }]) => labels.includes('AWSCURRENT'))
  return secret?.deletedAt === undefined ? found : undefined
}
/** Readable values by logical name. */
const split = (world: FakeWorld) =>
  Object.fromEntries(
    Object.entries(world.config.secrets.items).flatMap(([name, { remote }]) => {
      const found = currentOf(world, remote)
      return found === undefined ? [] : [[name, found[1].value]]
    }),
  )
function bundle(world: FakeWorld): Record<string, string> {
  const { _llmgw, ...held } = JSON.parse(currentOf(world, BUNDLE)?.[1].value ?? '{}') as Record<string, string>
  return held
}
const syncedNames = (world: FakeWorld) =>
  world.config.secrets.synced.map(({ namespace, name }) => ({ namespace: world.config.namespaces[namespace], name }))
async function found(world: FakeWorld, kind: string, apiVersion: string): Promise<readonly KubeObject[]> {
  const all = syncedNames(world).map((ref) => world.kube.find({ apiVersion, kind, ...ref }))
  return (await Promise.all(all)).flatMap((one) => one ?? [])
}
/** What pods can read. */
const copies = async (world: FakeWorld) =>
  JSON.stringify((await found(world, 'Secret', 'v1')).map(({ metadata, data }) => [metadata.name, data]))
const asked = async (world: FakeWorld) =>
  (await found(world, 'ExternalSecret', API)).flatMap(({ spec }) =>
    (spec as { data: { remoteRef: { key: string; property?: string } }[] }).data.map(({ remoteRef }) => remoteRef),
  )
const policyOf = (world: FakeWorld) =>
  JSON.stringify(world.aws.state.roles.get(world.config.irsa.externalSecrets.roleName)?.inline)

const layouts = [
  ['bundle', FILE, BUNDLED],
  ['split', BUNDLED, FILE],
] as const

describe('secrets migrate', () => {
  it.each(layouts)(
    'to %s brings every value over, and no pod restarts for it, then or at the next deploy',
    async (to, before, after) => {
      const world = await platform(before)
      const [values, data] = [to === 'bundle' ? split(world) : bundle(world), await copies(world)]
      const releases = world.helm.calls.length
      const { code, stdout, stderr } = await runCli(`secrets migrate --to ${to} --yes`, { world, file: after })
      expect(code, stdout + stderr).toBe(0)
      expect(to === 'bundle' ? bundle(world) : split(world)).toEqual(values)
      expect(await copies(world)).toBe(data)
      const refs = await asked(world)
      expect(refs.every(({ property }) => (property === undefined) === (to === 'split'))).toBe(true)
      const [gone, there] = to === 'bundle' ? ['litellm/salt-key', BUNDLE] : [BUNDLE, 'litellm/salt-key']
      expect(policyOf(world)).toContain(there)
      expect(policyOf(world)).not.toContain(gone)
      expect(stdout).toContain('llmgw secrets migrate --retire')
      for (const value of Object.values(values)) expect(stdout + stderr).not.toContain(value)

      const deployed = await runCli('deploy all --yes', { world, file: after })
      expect(deployed.code, deployed.stdout).toBe(0)
      expect(world.helm.calls.slice(releases).filter(({ method }) => method === 'upgrade')).toEqual([])
      expect(restarts(world)).toEqual([])
      expect((await runCli('verify secrets external-secrets irsa', { world, file: after })).code).toBe(0)
    },
  )

  it.each(layouts)('to %s and back, each time with the layout before retired', async (to, before, after) => {
    const world = await platform(before)
    const [values, data] = [to === 'bundle' ? split(world) : bundle(world), await copies(world)]
    const there = await runCli('secrets migrate --retire --yes', { world, file: after })
    expect(there.code, there.stdout + there.stderr).toBe(0)
    expect(to === 'bundle' ? split(world) : bundle(world)).toEqual({})
    const back = await runCli('secrets migrate --retire --yes', { world, file: before })
    expect(back.code, back.stdout + back.stderr).toBe(0)
    expect(to === 'bundle' ? split(world) : bundle(world)).toEqual(values)
    expect(to === 'bundle' ? bundle(world) : split(world)).toEqual({})
    expect(await copies(world)).toBe(data)
    const again = await runCli('secrets migrate --retire --yes', { world, file: before })
    expect([again.code, again.stdout]).toEqual([0, expect.stringContaining('nothing reads another one')])
  })

  it.each(
    layouts.flatMap(([to, before, after]) => [
      [to, 'before it', before, after] as const,
      [to, 'after it', before, after] as const,
    ]),
  )(
    'to %s goes on when it was killed at any of its writes, %s, and every value is readable at each moment',
    async (_to, when, before, after) => {
      const whole = await platform(before)
      const writes = watched(whole, 0, when)
      expect((await runCli('secrets migrate --retire --yes', { world: whole, file: after })).code).toBe(0)
      expect(writes.count).toBeGreaterThan(8)
      for (let nth = 1; nth <= writes.count; nth += 1) {
        const world = await platform(before)
        const data = await copies(world)
        const meter = watched(world, nth, when)
        const killed = await runCli('secrets migrate --retire --yes', { world, file: after })
        expect(killed.code, `write ${nth}`).not.toBe(0)
        const again = await runCli('secrets migrate --retire --yes', { world, file: after })
        expect(again.code, `write ${nth}: ${again.stdout}${again.stderr}`).toBe(0)
        expect(meter.faults, `write ${nth}`).toEqual([])
        expect(await copies(world)).toBe(data)
        expect(Object.keys(split(world))).toEqual(Object.keys(split(whole)))
        expect(Object.keys(bundle(world))).toEqual(Object.keys(bundle(whole)))
        expect(policyOf(world)).toBe(policyOf(whole))
      }
    },
    // Some thirty runs: more than the usual deadline where much else runs.
    120_000,
  )

  it('would be seen to lose a value, a right or a copy', async () => {
    const world = await platform(FILE)
    const meter = watched(world, 0, 'after it')
    const ref = { apiVersion: API, kind: 'ExternalSecret', namespace: 'litellm', name: 'redis-credentials' }
    const remoteRef = { key: BUNDLE, property: 'redis-password' }
    await world.kube.patch(ref, { spec: { data: [{ secretKey: 'redis-password', remoteRef }] } })
    await world.secretsManager.scheduleDeletion('litellm/salt-key', 7)
    expect(meter.faults.join('\n')).toMatch(/redis-password is asked for and has no value/)
    expect(meter.faults.join('\n')).toMatch(/api-keys is asked for and must not be read/)
    expect(meter.faults.join('\n')).toMatch(/litellm-salt-key is in neither layout/)
    const copy = { apiVersion: 'v1', kind: 'Secret', namespace: 'litellm', name: 'litellm-secrets' }
    await world.kube.patch(copy, { data: { 'salt-key': null } })
    expect(meter.faults.join('\n')).toMatch(/the Kubernetes Secrets changed/)
  })

  it('never overwrites another value, and names both', async () => {
    const world = await platform(FILE)
    await world.secretsManager.create({
      name: `${BUNDLE}#redis-password`,
      value: { reveal: () => 'planted-other-value' } as never,
      description: '',
      tags: {},
    })
    const writes = world.writes().length
    const { code, stdout, stderr } = await runCli('secrets migrate --yes', { world, file: BUNDLED })
    expect(code).toBe(3)
    expect(stderr).toContain(`litellm/redis-password and ${BUNDLE}#redis-password`)
    expect(stdout + stderr).not.toContain('planted-other-value')
    expect(world.writes()).toHaveLength(writes)
  })

  it('sees a value that differs only once its deletion is cancelled, and leaves both', async () => {
    const world = await platform(FILE)
    expect((await runCli('secrets migrate --retire --yes', { world, file: BUNDLED })).code).toBe(0)
    const rotated = await runCli('secrets rotate webui-secret-key --yes', { world, file: BUNDLED })
    expect(rotated.code, rotated.stdout).toBe(0)
    const data = await copies(world)
    const { code, stdout, stderr } = await runCli('secrets migrate --yes', { world, file: FILE })
    expect(code).not.toBe(0)
    expect(stdout + stderr).toContain('LayoutsDiffer')
    expect(await copies(world)).toBe(data)
    expect((await asked(world)).every(({ property }) => property !== undefined)).toBe(true)
  })

  it('waits for the end of a rotation', async () => {
    const world = await platform(FILE)
    failAt(world, 'kube.patch', 1)
    expect((await runCli('secrets rotate webui-secret-key --yes', { world })).code).toBe(1)
    const writes = world.writes().length
    const { code, stderr } = await runCli('secrets migrate --yes', { world, file: BUNDLED })
    expect([code, stderr]).toEqual([3, expect.stringContaining('llmgw secrets rotate webui-secret-key')])
    expect(world.writes()).toHaveLength(writes)
  })

  it('goes where the configuration says, and nowhere else', async () => {
    const world = await platform(FILE)
    const writes = world.writes().length
    const { code, stderr } = await runCli('secrets migrate --to bundle --yes', { world })
    expect([code, stderr]).toEqual([2, expect.stringContaining('secrets: { layout: bundle }')])
    const idle = await runCli('secrets migrate --yes', { world })
    expect([idle.code, idle.stdout]).toEqual([0, expect.stringContaining('every value is in layout split')])
    expect(world.writes()).toHaveLength(writes)
  })

  it('shows what it will do, asks once, and changes nothing for a no', async () => {
    const world = await platform(FILE)
    const writes = world.writes().length
    const { code, stdout } = await runCli('secrets migrate', {
      world,
      file: BUNDLED,
      keys: [['known later. Go', '\r']],
    })
    expect(code).toBe(130)
    expect(stdout).toContain(`${BUNDLE}#litellm-salt-key`)
    expect(stdout).toContain('litellm/redis-credentials')
    expect(world.writes()).toHaveLength(writes)
  })

  it('leaves what is not ours when it retires', async () => {
    const world = await platform(FILE)
    const theirs = world.aws.state.secrets.get('litellm/database-url')
    if (theirs) theirs.tags = {}
    expect((await runCli('secrets migrate --retire --yes', { world, file: BUNDLED })).code).toBe(0)
    expect(Object.keys(split(world))).toEqual(['litellm-database-url'])
  })
})

/**
 * Looks at the world around every write, and kills the nth: `before it` = it never happens, `after it` = it happens and
 * nobody learns of it. 0 = none.
 */
function watched(world: FakeWorld, nth: number, when: 'before it' | 'after it') {
  const meter = { count: 0, faults: [] as string[] }
  let data: string | undefined
  const look = async (where: string) => {
    const now = await copies(world)
    data ??= now
    const changed = now === data ? [] : ['the Kubernetes Secrets changed']
    const faults = [...changed, ...(await unreadable(world)), ...lost(world)]
    meter.faults.push(...faults.map((fault) => `${where}: ${fault}`))
  }
  const wrap = (port: object, method: string) => {
    const real = (port as Record<string, (...args: unknown[]) => Promise<unknown>>)[method]
    Object.assign(port, {
      [method]: async (...args: unknown[]) => {
        const dryRun = args.some((arg) => typeof arg === 'object' && arg !== null && 'dryRun' in arg)
        if (dryRun) return await real?.apply(port, args)
        meter.count += 1
        const dies = meter.count === nth
        if (dies && when === 'before it') throw new Error('killed')
        const answer = await real?.apply(port, args)
        await look(`${method} ${meter.count}`)
        if (dies) throw new Error('killed')
        return answer
      },
    })
  }
  for (const method of ['create', 'putFirstValue', 'addVersion', 'promoteFrom', 'restore', 'scheduleDeletion', 'purge'])
    wrap(world.aws.secretsManager, method)
  for (const method of ['putInlinePolicy', 'tagRole', 'updateTrust', 'removeInlinePolicy', 'createRole'])
    wrap(world.iam, method)
  for (const method of ['apply', 'patch', 'create', 'remove']) wrap(world.kube, method)
  return meter
}

/** What ExternalSecrets ask for, and do not get. */
async function unreadable(world: FakeWorld): Promise<readonly string[]> {
  return (await asked(world)).flatMap(({ key, property }) => {
    const value = property === undefined ? currentOf(world, key)?.[1].value : bundle(world)[property]
    const allowed = policyOf(world).includes(`:secret:${key}-??????`)
    return [
      ...(value ? [] : [`${key} ${property ?? ''} is asked for and has no value`]),
      ...(allowed ? [] : [`${key} is asked for and must not be read`]),
    ]
  })
}

/** Logical secrets that no layout has a readable value of. */
function lost(world: FakeWorld): readonly string[] {
  const readable = { ...split(world), ...bundle(world) }
  return Object.keys(world.config.secrets.items)
    .filter((name) => !readable[name])
    .map((name) => `${name} is in neither layout`)
}
