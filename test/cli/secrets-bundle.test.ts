import { mkdtemp, rm, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { generateIdentity, identityToRecipient } from 'age-encryption'
import { describe, expect, it } from 'vitest'
import { PreflightError } from '../../src/errors.ts'
import { type FakeWorld, fakeWorld } from '../fakes/fake-world.ts'
import { FILE, runCli } from './run-cli.ts'
import { copyOf, failAt, platform, restarts } from './secrets-world.ts'

const BUNDLE = 'llm-gateway/api-keys'
const BUNDLED = `${FILE}secrets: { layout: bundle }\n`

const run = (args: string, world: FakeWorld) => runCli(args, { world, file: BUNDLED })
const versionsOf = (world: FakeWorld) => [...(world.aws.state.secrets.get(BUNDLE)?.versions.values() ?? [])]
const textOf = (world: FakeWorld) =>
  versionsOf(world).find(({ labels }) => labels.includes('AWSCURRENT'))?.value ?? '{}'
const json = (world: FakeWorld) => JSON.parse(textOf(world)) as Record<string, string>
const values = ({ _llmgw, ...held }: Record<string, string>) => held
/** As somebody in the console writes it. */
function edit(world: FakeWorld, change: (held: Record<string, unknown>) => Record<string, unknown>): void {
  const secret = world.aws.state.secrets.get(BUNDLE)
  const text = JSON.stringify(change(json(world)))
  for (const version of secret?.versions.values() ?? []) version.labels = []
  secret?.versions.set(`by-hand-${secret.versions.size}`, { value: text, labels: ['AWSCURRENT'] })
}
const rotateMaster = 'secrets rotate litellm-master-key --yes --confirm litellm-master-key'

describe('a deployment with all values in one JSON secret', () => {
  it('makes all of them in one write, and needs nothing more', async () => {
    const world = await platform(BUNDLED)
    expect([...world.aws.state.secrets.keys()]).toEqual([BUNDLE])
    expect(world.aws.writes.filter((write) => write.startsWith('secretsManager.'))).toEqual([
      `secretsManager.create ${BUNDLE}`,
    ])
    expect(Object.keys(values(json(world))).sort()).toEqual(Object.keys(world.config.secrets.items).sort())
    const again = await run('plan --exit-code', world)
    expect(again.stdout).not.toContain('secret llm-gateway')
    expect(await copyOf(world, 'litellm', 'litellm-secrets', 'master-key')).toBe(json(world)['litellm-master-key'])
    const sync = await world.kube.find({
      apiVersion: 'external-secrets.io/v1',
      kind: 'ExternalSecret',
      namespace: 'litellm',
      name: 'redis-credentials',
    })
    expect(sync?.spec).toMatchObject({ data: [{ remoteRef: { key: BUNDLE, property: 'redis-password' } }] })
    const policy = JSON.stringify(world.aws.state.roles.get(world.config.irsa.externalSecrets.roleName)?.inline)
    expect(policy).toContain(`:secret:${BUNDLE}-??????`)
    expect(policy).not.toContain('litellm/master-key')
  })

  it('adds what is lacking, and keeps what is there and what is not ours', async () => {
    const world = await platform(BUNDLED)
    edit(world, ({ 'webui-secret-key': _gone, ...held }) => ({ ...held, theirs: { n: 1 }, 'redis-password': '' }))
    const before = json(world)
    const planned = await run('plan secrets', world)
    for (const key of ['webui-secret-key', 'redis-password']) expect(planned.stdout).toContain(`${BUNDLE}#${key}`)
    const { code, stdout } = await run('deploy secrets --yes', world)
    expect(code, stdout).toBe(0)
    const after = json(world)
    const { 'redis-password': _empty, ...kept } = values(before)
    expect(after).toMatchObject(kept)
    expect(after['webui-secret-key']).toMatch(/^[0-9a-f]{64}$/)
    expect(after['redis-password']).toMatch(/^[0-9a-f]{64}$/)
  })

  it('makes no new salt key where others of this deployment are there', async () => {
    const world = await platform(BUNDLED)
    edit(world, ({ 'litellm-salt-key': _gone, ...held }) => held)
    const before = textOf(world)
    const { code, stdout, stderr } = await run('deploy secrets --yes', world)
    expect(code).not.toBe(0)
    expect(stdout + stderr).toContain('ImmutableSecretLost')
    expect(textOf(world)).toBe(before)
  })

  it.each([
    ['no JSON', () => 'sk-planted-plain', 'holds no JSON object'],
    [
      'another kind of value',
      (text: string) => text.replace(/"redis-password":"\w+"/, '"redis-password":{"a":1}'),
      'no text',
    ],
  ])('refuses %s under the name of the bundle before anything is changed', async (_what, spoil, words) => {
    const world = await platform(BUNDLED)
    const [version] = versionsOf(world)
    world.aws.state.secrets.get(BUNDLE)?.versions.set('spoiled', {
      value: spoil(version?.value ?? ''),
      labels: version?.labels.splice(0) ?? [],
    })
    const writes = world.writes().length
    const { code, stdout, stderr } = await run('deploy secrets --yes', world)
    expect(code).toBe(3)
    expect(stdout + stderr).toContain(words)
    expect(stdout + stderr).toContain('BundleInvalid')
    expect(stdout + stderr).not.toContain('sk-planted-plain')
    expect(world.writes()).toHaveLength(writes)
  })

  it('verifies what is in it against the copies in the cluster', async () => {
    const world = await platform(BUNDLED)
    const check = async () => (await run('verify secrets external-secrets', world)).stdout
    expect(await check()).toContain('pass  Kubernetes Secrets hold')
    edit(world, (held) => ({ ...held, 'redis-password': 'planted-by-hand' }))
    const spoiled = await check()
    expect(spoiled).toContain(`differs from ${BUNDLE}#redis-password`)
    expect(spoiled).not.toContain('planted-by-hand')
  })
})

describe('a key that the configuration no longer names', () => {
  const file = `${BUNDLED}cache: { kind: none }\n`
  const KEY = `${BUNDLE}#redis-password`

  it("is told by secrets status and plan, and stays; a key of others is nobody's business", async () => {
    const world = await platform(BUNDLED)
    edit(world, (held) => ({ ...held, theirs: 'x' }))
    const before = await run('secrets status --output json', world)
    expect(JSON.parse(before.stdout).unused).toEqual([])
    const { code, stdout } = await runCli('secrets status', { world, file })
    expect([code, stdout]).toEqual([0, expect.stringContaining(`no longer used, and kept:\n  ${KEY}\n`)])
    expect(stdout).not.toContain('theirs')
    const planned = await runCli('plan --output json', { world, file })
    expect(JSON.parse(planned.stdout).orphans).toContainEqual({
      target: `secret ${KEY}`,
      kept: expect.stringContaining(
        `never pruned; when nobody needs its value: take redis-password out of the JSON of ${BUNDLE}`,
      ),
    })
    const held = json(world)['redis-password']
    const pruned = await runCli('deploy all --prune --yes', { world, file })
    expect(pruned.code, pruned.stdout).toBe(0)
    expect(json(world)['redis-password']).toBe(held)
  })

  it('is said not to be looked for where AWS refuses, and of one secret alone it is not asked', async () => {
    const world = await platform(BUNDLED)
    const refuse = () =>
      world.aws.failNext('secretsManager.tagged', new PreflightError('AwsDenied', 'ListSecrets is denied'))
    refuse()
    const { code, stdout, stderr } = await runCli('secrets status', { world, file })
    expect([code, stdout]).toEqual([0, expect.not.stringContaining('no longer used')])
    expect(stderr).toContain('could not look for secrets that are no longer used: ListSecrets is denied')
    expect((await runCli('secrets status litellm-master-key', { world, file })).stdout).not.toContain(KEY)
  })
})

describe('a rotation in a bundle', () => {
  it('changes one key, restarts who reads it, and leaves no value of before in a labelled version', async () => {
    const world = await platform(BUNDLED)
    const before = json(world)
    edit(world, (held) => ({ ...held, theirs: 'x' }))
    const { code, stdout, stderr } = await run(rotateMaster, world)
    expect(code, stdout + stderr).toBe(0)
    const after = json(world)
    const { 'litellm-master-key': old, ...others } = values(before)
    expect(after).toMatchObject({ ...others, theirs: 'x' })
    expect(after['litellm-master-key']).not.toBe(old)
    expect(await copyOf(world, 'litellm', 'litellm-secrets', 'master-key')).toBe(after['litellm-master-key'])
    expect(restarts(world)).toEqual(['checks', 'presents'])
    for (const { value, labels } of versionsOf(world)) if (labels.length > 0) expect(value).not.toContain(old)
    const status = await run('secrets status litellm-master-key --exit-code', world)
    expect(status.code, status.stdout).toBe(0)
  })

  it('goes with another one at the same time', async () => {
    const world = await platform(BUNDLED)
    failAt(world, 'kube.patch', 1)
    expect((await run(rotateMaster, world)).code).toBe(1)
    const other = await run('secrets rotate webui-secret-key --yes', world)
    expect(other.code, other.stdout + other.stderr).toBe(0)
    const again = await run(rotateMaster, world)
    expect(again.code, again.stdout).toBe(0)
    expect(JSON.parse(json(world)._llmgw ?? '')).toMatchObject({ rotations: {} })
    expect(await copyOf(world, 'litellm', 'litellm-secrets', 'master-key')).toBe(json(world)['litellm-master-key'])
  })

  it('goes on, with the same version, after a failure at any of its writes', async () => {
    const total = await writesOf(rotateMaster)
    expect(total).toBeGreaterThan(7)
    for (let nth = 1; nth <= total; nth += 1) {
      const { world, before } = await stoppedAt(nth)
      const made = json(world)['litellm-master-key']
      const again = await run(rotateMaster, world)
      expect(again.code, `write ${nth}: ${again.stdout}${again.stderr}`).toBe(0)
      await expectEnded(world)
      const held = json(world)['litellm-master-key']
      expect(held).not.toBe(before)
      if (made !== before) expect(held).toBe(made)
    }
  })

  it('goes back after a failure at any write between the new version and the proof', async () => {
    for (const nth of [3, 4, 5, 6]) {
      const { world, before } = await stoppedAt(nth)
      const back = await run(`${rotateMaster} --back`, world)
      expect(back.code, `write ${nth}: ${back.stdout}${back.stderr}`).toBe(0)
      await expectEnded(world)
      expect(json(world)['litellm-master-key']).toBe(before)
    }
  })
})

/** A rotation that dies at its nth write to Secrets Manager. */
async function stoppedAt(nth: number): Promise<{ readonly world: FakeWorld; readonly before: string | undefined }> {
  const world = await platform(BUNDLED)
  const before = json(world)['litellm-master-key']
  failInnerWrite(world, nth)
  expect((await run(rotateMaster, world)).code, `write ${nth}`).toBe(1)
  return { world, before }
}

async function expectEnded(world: FakeWorld): Promise<void> {
  const held = json(world)
  expect(JSON.parse(held._llmgw ?? '')).toMatchObject({ rotations: {} })
  expect(await copyOf(world, 'litellm', 'litellm-secrets', 'master-key')).toBe(held['litellm-master-key'])
}

/** How often a command writes to Secrets Manager. */
async function writesOf(command: string): Promise<number> {
  const world = await platform(BUNDLED)
  const before = world.aws.writes.length
  expect((await run(command, world)).code).toBe(0)
  return world.aws.writes.length - before
}

/** The nth write to Secrets Manager from now on fails and changes nothing. */
function failInnerWrite(world: FakeWorld, nth: number): void {
  const { secretsManager } = world.aws
  let count = 0
  for (const method of ['create', 'addVersion', 'promoteFrom', 'putFirstValue'] as const) {
    const real = secretsManager[method] as (...args: unknown[]) => Promise<never>
    Object.assign(secretsManager, {
      [method]: async (...args: unknown[]) => {
        count += 1
        if (count === nth) throw new Error('cut')
        return await real(...args)
      },
    })
  }
}

describe('the life of a bundle', () => {
  it('is exported and restored key by key', async () => {
    const dir = await mkdtemp(join(tmpdir(), 'llmgw-bundle-'))
    const world = await platform(BUNDLED)
    const before = values(json(world))
    const identity = await generateIdentity()
    const [key, out] = [join(dir, 'key.txt'), join(dir, 'backup.age')]
    await writeFile(key, identity)
    const recipient = await identityToRecipient(identity)
    expect((await run(`secrets export --recipient ${recipient} -o ${out}`, world)).code).toBe(0)
    edit(world, ({ 'litellm-salt-key': _salt, 'redis-password': _password, ...held }) => held)
    const restored = await run(`secrets restore ${out} --identity ${key} --yes`, world)
    expect(restored.code, restored.stdout + restored.stderr).toBe(0)
    expect(values(json(world))).toEqual(before)
    await rm(dir, { recursive: true })
  })

  it('is scheduled for deletion as a whole, and comes back with every value', async () => {
    const world = await platform(BUNDLED)
    const before = textOf(world)
    expect((await run('destroy all --yes --confirm llmgw', world)).code).toBe(0)
    expect(world.aws.state.secrets.get(BUNDLE)?.deletedAt).toBeDefined()
    const refused = await run('deploy secrets --yes', world)
    expect([refused.code, refused.stdout]).toEqual([1, expect.stringContaining('SecretPendingDeletion')])
    const back = await run('deploy secrets --yes --restore-secrets', world)
    expect(back.code, back.stdout + back.stderr).toBe(0)
    expect(textOf(world)).toBe(before)
  })

  it('is left where others keep something in it; purged, it loses our keys alone', async () => {
    const world = await platform(BUNDLED)
    edit(world, (held) => ({ ...held, theirs: 'planted-by-others' }))
    const before = textOf(world)
    const kept = await run('destroy all --yes --confirm llmgw', world)
    expect(kept.code, kept.stdout + kept.stderr).toBe(0)
    expect(textOf(world)).toBe(before)
    expect(world.aws.state.secrets.get(BUNDLE)?.deletedAt).toBeUndefined()
    const purged = await run('destroy all --yes --confirm llmgw --purge-secrets', world)
    expect(purged.code, purged.stdout + purged.stderr).toBe(0)
    expect(values(json(world))).toEqual({ theirs: 'planted-by-others' })
  })
})

describe('a layout that the values are not in', () => {
  it.each([
    ['split', FILE, BUNDLED],
    ['bundle', BUNDLED, FILE],
  ])('is refused with the way to it, from %s, and nothing is made or switched', async (_from, before, after) => {
    const world = await platform(before)
    const [held, writes] = [JSON.stringify([...world.aws.state.secrets].map(([name]) => name)), world.writes().length]
    for (const words of ['deploy secrets --yes', 'deploy external-secrets --yes', 'secrets generate --yes']) {
      const { code, stdout, stderr } = await runCli(words, { world, file: after })
      expect(code, words).not.toBe(0)
      expect(stdout + stderr).toContain('SecretsInOtherLayout')
    }
    const provided = { ...world, provided: { find: () => undefined } }
    const unasked = await runCli('deploy secrets --yes', { world: provided, file: after })
    expect(unasked.stdout + unasked.stderr).toContain('SecretsInOtherLayout')
    expect(JSON.stringify([...world.aws.state.secrets].map(([name]) => name))).toBe(held)
    expect(world.writes()).toHaveLength(writes)
  })

  it('is not switched to by a deploy, although all values are there, while the cluster reads the other one', async () => {
    const world = await platform(FILE)
    const copies = [...world.aws.state.secrets].map(([name, { versions }]) => [
      Object.entries(world.config.secrets.items).find(([, { remote }]) => remote === name)?.[0] ?? name,
      [...versions.values()][0]?.value,
    ])
    const value = JSON.stringify(Object.fromEntries(copies))
    const other = fakeWorld({ aws: { secrets: [{ name: BUNDLE, value }] } }).aws.state.secrets.get(BUNDLE)
    if (other) world.aws.state.secrets.set(BUNDLE, other)
    const { code, stdout, stderr } = await run('deploy external-secrets --yes', world)
    expect([code, stdout + stderr]).toEqual([1, expect.stringContaining('SecretsInOtherLayout')])
    const policy = JSON.stringify(world.aws.state.roles.get(world.config.irsa.externalSecrets.roleName)?.inline)
    // What is still read stays allowed.
    expect(policy).toContain('litellm/master-key')
  })
})
