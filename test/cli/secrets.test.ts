import { createHash } from 'node:crypto'
import { mkdtemp, readFile, rm, stat, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { generateIdentity, identityToRecipient } from 'age-encryption'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { type FakeWorld, fakeWorld } from '../fakes/fake-world.ts'
import { FILE, runCli } from './run-cli.ts'
import { copyOf, failAt, platform, reads, restarts } from './secrets-world.ts'

let dir: string
beforeAll(async () => {
  dir = await mkdtemp(join(tmpdir(), 'llmgw-secrets-'))
})
afterAll(() => rm(dir, { recursive: true, force: true }))

const MASTER = 'litellm/master-key'
const WEBUI = 'openwebui/webui-secret-key'

const versions = (world: FakeWorld, remote: string) => [
  ...(world.aws.state.secrets.get(remote)?.versions.values() ?? []),
]
const current = (world: FakeWorld, remote: string) =>
  versions(world, remote).find(({ labels }) => labels.includes('AWSCURRENT'))?.value
const labelsOf = (world: FakeWorld, remote: string) => versions(world, remote).map(({ labels }) => labels)
const status = async (world: FakeWorld, name: string) =>
  JSON.parse((await runCli(`secrets status ${name} --output json`, { world })).stdout).secrets[0]
const rotateMaster = 'secrets rotate litellm-master-key --yes --confirm litellm-master-key'

describe('secrets rotate', () => {
  it('makes a new version, syncs it, restarts exactly the consumers, proves it and retires the old one', async () => {
    const world = await platform()
    const before = current(world, MASTER)
    const { code, stdout, stderr } = await runCli(rotateMaster, { world })
    expect(code, stdout + stderr).toBe(0)
    const after = current(world, MASTER)
    expect(after).toMatch(/^sk-/)
    expect(after).not.toBe(before)
    expect(labelsOf(world, MASTER)).toEqual([[], ['AWSCURRENT']])
    expect(await copyOf(world, 'litellm', 'litellm-secrets', 'master-key')).toBe(after)
    // Who checks the key first, who presents it after; who reads another key of the same Secret not at all.
    expect(restarts(world)).toEqual(['checks', 'presents'])
    expect(await status(world, 'litellm-master-key')).toMatchObject({ rotating: false, pods: { total: 4, current: 4 } })
    expect(stdout).toMatch(/cut off as soon as LiteLLM has restarted/)
    for (const value of [before, after]) expect(stdout + stderr).not.toContain(value)
  })

  it.each([
    ['secretsManager.addVersion', 1],
    ['secretsManager.promote', 1],
    ['kube.patch', 1],
    ['kube.patch', 2],
    ['kube.patch', 3],
    ['secretsManager.removeLabel', 1],
    ['secretsManager.removeLabel', 2],
  ] as const)('goes on with the same version after a failure of %s (call %i)', async (operation, nth) => {
    const world = await platform()
    failAt(world, operation, nth)
    const stopped = await runCli(rotateMaster, { world })
    expect(stopped.code).toBe(1)
    const made = versions(world, MASTER).length
    const again = await runCli(rotateMaster, { world })
    expect(again.code, again.stdout).toBe(0)
    expect(versions(world, MASTER)).toHaveLength(Math.max(made, 2))
    expect(labelsOf(world, MASTER)).toEqual([[], ['AWSCURRENT']])
    expect(await status(world, 'litellm-master-key')).toMatchObject({ rotating: false, pods: { total: 4, current: 4 } })
  })

  it.each(['kube.patch 1', 'kube.patch 2', 'kube.patch 3', 'secretsManager.promote 1'])(
    'goes back to the version before after a failure of %s',
    async (point) => {
      const world = await platform()
      const before = current(world, MASTER)
      const [operation = '', nth] = point.split(' ')
      failAt(world, operation, Number(nth))
      expect((await runCli(rotateMaster, { world })).code).toBe(1)
      const back = await runCli(`${rotateMaster} --back`, { world })
      expect(back.code, back.stdout + back.stderr).toBe(0)
      expect(current(world, MASTER)).toBe(before)
      expect(labelsOf(world, MASTER)).toEqual([['AWSCURRENT'], []])
      expect(await copyOf(world, 'litellm', 'litellm-secrets', 'master-key')).toBe(before)
      expect(await status(world, 'litellm-master-key')).toMatchObject({
        rotating: false,
        pods: { total: 4, current: 4 },
      })
    },
  )

  it('restarts pods that are marked with the version but started before the cluster had it', async () => {
    const world = await platform()
    failAt(world, 'kube.patch', 1)
    expect((await runCli(rotateMaster, { world })).code).toBe(1)
    const meta = await world.secretsManager.describe(MASTER)
    const [version = ''] =
      Object.entries(meta?.versions ?? {}).find(([, labels]) => labels.includes('AWSCURRENT')) ?? []
    const ref = { apiVersion: 'apps/v1', kind: 'Deployment', namespace: 'litellm', name: 'presents' }
    const annotations = { 'llmgw.dev/secret-version.litellm-master-key': version }
    await world.kube.patch(ref, { spec: { template: { metadata: { annotations } } } })
    const before = restarts(world).length
    const { code, stdout } = await runCli(rotateMaster, { world })
    expect(code, stdout).toBe(0)
    expect(restarts(world).slice(before)).toEqual(['checks', 'presents'])
    expect(await status(world, 'litellm-master-key')).toMatchObject({ rotating: false, pods: { total: 4, current: 4 } })
  })

  it('does not retire the old version while a pod that nobody replaces runs with it', async () => {
    const world = await platform()
    world.kube.seed({
      apiVersion: 'v1',
      kind: 'Pod',
      metadata: { name: 'by-hand', namespace: 'litellm' },
      spec: { containers: [{ name: 'main', env: reads('litellm-secrets', 'master-key') }] },
      status: { phase: 'Running' },
    })
    const { code, stdout, stderr } = await runCli(rotateMaster, { world })
    expect(code).toBe(1)
    expect(stdout + stderr).toMatch(/litellm\/by-hand started before Secret/)
    expect(await status(world, 'litellm-master-key')).toMatchObject({
      rotating: true,
      pods: { old: ['litellm/by-hand'] },
    })
  })

  describe("of Open WebUI's key, which LiteLLM keeps, too", () => {
    const KEY = 'openwebui/litellm-key'
    const rotateKey = 'secrets rotate openwebui-litellm-key --yes'
    const digest = (value = '') => createHash('sha256').update(value).digest('hex')
    const known = (world: FakeWorld) => [...world.litellm.keys.keys()]

    it('has LiteLLM take the new one before pods present it, and refuse the old one after', async () => {
      const world = await platform()
      const before = current(world, KEY)
      const atRestart: string[][] = []
      const { patch } = world.kube
      world.kube.patch = async (ref, ...rest) => {
        if (ref.kind === 'Deployment') atRestart.push(known(world))
        return await patch(ref, ...rest)
      }
      const { code, stdout, stderr } = await runCli(rotateKey, { world })
      expect(code, stdout + stderr).toBe(0)
      const after = current(world, KEY)
      expect(restarts(world)).toContain('web')
      expect(new Set(atRestart.flat())).toEqual(new Set([digest(before), digest(after)]))
      expect(known(world)).toEqual([digest(after)])
      expect((await runCli(rotateKey, { world })).code).toBe(0)
      expect(known(world)).toEqual([digest(current(world, KEY))])
      expect((await runCli('plan openwebui --exit-code', { world })).stdout).not.toContain('litellm key')
    })

    it('goes through with a LiteLLM that does not tell whether a key works', async () => {
      const world = await platform()
      world.litellm.faults.reticent = true
      const { code, stdout, stderr } = await runCli(rotateKey, { world })
      expect(code, stdout + stderr).toBe(0)
      expect(known(world)).toEqual([digest(current(world, KEY))])
    })

    it.each([
      ['/key/generate', 'on'],
      ['/key/generate', 'back'],
      ['/key/delete', 'on'],
      ['/key/delete', 'back'],
    ] as const)('stopped where %s fails it goes %s, and one key is left', async (path, direction) => {
      const world = await platform()
      const before = current(world, KEY)
      world.litellm.faults.broken.add(path)
      expect((await runCli(rotateKey, { world })).code).toBe(1)
      expect(known(world)).toContain(digest(before))
      world.litellm.faults.broken.clear()
      const again = await runCli(direction === 'on' ? rotateKey : `${rotateKey} --back`, { world })
      expect(again.code, again.stdout + again.stderr).toBe(0)
      if (direction === 'back') expect(current(world, KEY)).toBe(before)
      else expect(current(world, KEY)).not.toBe(before)
      expect(known(world)).toEqual([digest(current(world, KEY))])
    })
  })

  it('never rotates the salt key', async () => {
    const world = await platform()
    const { code, stderr } = await runCli('secrets rotate litellm-salt-key --yes', { world })
    expect(code).toBe(3)
    expect(stderr).toMatch(/never changes once it has a value/)
  })

  it('does not claim that a password is in use that its program reads at its first start only', async () => {
    const world = await platform()
    const before = current(world, 'monitoring/grafana-admin-password')
    const { code, stderr } = await runCli('secrets rotate grafana-admin-password --yes', { world })
    expect([code, stderr]).toEqual([3, expect.stringMatching(/Grafana reads .*set grafana-admin-password/s)])
    expect(current(world, 'monitoring/grafana-admin-password')).toBe(before)
  })

  it('wants the name of a key that cuts people off, also with --yes', async () => {
    const world = await platform()
    const before = world.writes()
    const { code, stderr } = await runCli('secrets rotate litellm-master-key --yes', { world })
    expect([code, world.writes()]).toEqual([2, before])
    expect(stderr).toMatch(/--confirm litellm-master-key/)
  })

  it('asks twice in a terminal', async () => {
    const world = await platform()
    const before = world.writes()
    const { code } = await runCli('secrets rotate litellm-master-key', {
      world,
      keys: [
        ['Go on?', 'y\r'],
        ['to go on:', 'something else\r'],
      ],
    })
    expect([code, world.writes()]).toEqual([130, before])
  })

  it('has no way back when nothing has begun', async () => {
    const world = await platform()
    expect((await runCli('secrets rotate webui-secret-key --yes --back', { world })).code).toBe(2)
  })

  it('names the closest secret for one that is none', async () => {
    const { code, stderr } = await runCli('secrets rotate webui-secretkey --yes', { world: await platform() })
    expect([code, stderr]).toEqual([2, expect.stringContaining('did you mean "webui-secret-key"')])
  })
})

describe('secrets set', () => {
  const file = async (text: string) => {
    const path = join(dir, `value-${Math.random()}`)
    await writeFile(path, text)
    return path
  }

  it('rotates one that has a value to the given one, without the line end of the file', async () => {
    const world = await platform()
    const path = await file(`${'0123456789abcdef'.repeat(4)}\n`)
    const { code, stdout } = await runCli(`secrets set webui-secret-key --from-file ${path} --yes`, { world })
    expect(code, stdout).toBe(0)
    expect(current(world, WEBUI)).toBe('0123456789abcdef'.repeat(4))
    expect(restarts(world)).toEqual(['web'])
    const again = await runCli(`secrets set webui-secret-key --from-file ${path} --yes`, { world })
    expect([again.code, again.stdout]).toEqual([0, expect.stringContaining('nothing was changed')])
  })

  it('gives a first value before anything is deployed', async () => {
    const world = fakeWorld({ provided: {} })
    const path = await file('postgresql://u:planted-password@db.example.com:5432/litellm')
    const { code } = await runCli(`secrets set litellm-database-url --from-file ${path} --yes`, { world })
    expect([code, current(world, 'litellm/database-url')]).toEqual([0, expect.stringContaining('planted-password')])
  })

  it('takes no value that does not fit, and does not show it', async () => {
    const world = await platform()
    const { code, stderr } = await runCli(
      `secrets set webui-secret-key --from-file ${await file('planted-value')} --yes`,
      {
        world,
      },
    )
    expect([code, stderr]).toEqual([2, expect.stringContaining('is not hexadecimal')])
    expect(stderr).not.toContain('planted-value')
    expect((await runCli(`secrets set webui-secret-key --from-file ${await file('\n')} --yes`, { world })).code).toBe(2)
  })

  it('never gives the salt key another value', async () => {
    const world = await platform()
    const { code } = await runCli(`secrets set litellm-salt-key --from-file ${await file('ab'.repeat(32))} --yes`, {
      world,
    })
    expect(code).toBe(3)
  })
})

describe('secrets generate', () => {
  it('makes what can be made and nothing twice', async () => {
    const world = fakeWorld()
    expect((await runCli('secrets generate --yes', { world })).code).toBe(0)
    const made = [...world.aws.state.secrets.keys()].sort()
    expect(made).toEqual(expect.arrayContaining(['litellm/master-key', 'litellm/redis-password', 'litellm/salt-key']))
    expect(made).not.toContain('litellm/database-url')
    const before = current(world, MASTER)
    const again = await runCli('secrets generate --yes', { world })
    expect([again.code, current(world, MASTER)]).toEqual([0, before])
  })

  it('does not make up what only people know, nor a salt key that was lost', async () => {
    const world = await platform()
    expect((await runCli('secrets generate litellm-database-url --yes', { world })).code).toBe(2)
    world.aws.state.secrets.delete('litellm/salt-key')
    const { code, stdout, stderr } = await runCli('secrets generate litellm-salt-key --yes', { world })
    expect(code, stdout + stderr).toBe(1)
    expect(world.aws.state.secrets.has('litellm/salt-key')).toBe(false)
  })
})

describe('secrets import', () => {
  it('gives first values, leaves others, and says what it does not know', async () => {
    const world = fakeWorld({ provided: {} })
    const path = join(dir, 'import.env')
    const text = [
      '# of the old system',
      'export LITELLM_MASTER_KEY="sk-0123456789abcdef0123456789abcdef"',
      "OIDC_CLIENT_ID='planted-one' # comment",
      'oidc-client-secret=planted#secret',
      'SOMETHING_ELSE=$(touch /tmp/never)',
    ].join('\r\n')
    await writeFile(path, text, { mode: 0o600 })
    const first = await runCli(`secrets import ${path} --yes`, { world })
    expect(first.code, first.stdout + first.stderr).toBe(0)
    expect(current(world, MASTER)).toBe('sk-0123456789abcdef0123456789abcdef')
    expect(current(world, 'openwebui/oidc-client-secret')).toBe('planted#secret')
    expect(first.stdout).toMatch(/something-else: are no secrets of this configuration/)
    await writeFile(path, 'OIDC_CLIENT_ID=planted-two')
    const left = await runCli(`secrets import ${path} --yes`, { world })
    expect([left.code, left.stdout]).toEqual([
      0,
      expect.stringContaining('oidc-client-id: have another value and are left'),
    ])
    expect(current(world, 'openwebui/oidc-client-id')).toBe('planted-one')
  })

  it('with --replace rotates what differs', async () => {
    const world = await platform()
    const path = join(dir, 'replace.env')
    await writeFile(path, `WEBUI_SECRET_KEY=${'ab'.repeat(32)}\nLITELLM_SALT_KEY=${'cd'.repeat(32)}\n`, { mode: 0o600 })
    const salt = current(world, 'litellm/salt-key')
    const { code, stdout } = await runCli(`secrets import ${path} --replace --yes`, { world })
    expect(code, stdout).toBe(0)
    expect(current(world, WEBUI)).toBe('ab'.repeat(32))
    expect(current(world, 'litellm/salt-key')).toBe(salt)
    expect(restarts(world)).toEqual(['web'])
  })
})

describe('secrets export and restore', () => {
  it('brings back what was lost, the salt key included, and nothing that is there', async () => {
    const world = await platform()
    const identity = await generateIdentity()
    const [key, out] = [join(dir, 'key.txt'), join(dir, 'backup.age')]
    await writeFile(key, `# created by a test\n${identity}\n`)
    const recipient = await identityToRecipient(identity)
    const exported = await runCli(`secrets export --recipient ${recipient} -o ${out}`, { world })
    expect(exported.code, exported.stderr).toBe(0)
    const salt = current(world, 'litellm/salt-key')
    const text = await readFile(out, 'utf8')
    expect(text).toMatch(/^-----BEGIN AGE ENCRYPTED FILE-----/)
    expect(text).not.toContain(salt)
    expect((await stat(out)).mode & 0o777).toBe(0o600)
    expect((await runCli(`secrets export --recipient ${recipient} -o ${out}`, { world })).code).toBe(2)
    world.aws.state.secrets.delete('litellm/salt-key')
    const master = current(world, MASTER)
    const restored = await runCli(`secrets restore ${out} --identity ${key} --yes`, { world })
    expect(restored.code, restored.stdout + restored.stderr).toBe(0)
    expect([current(world, 'litellm/salt-key'), current(world, MASTER)]).toEqual([salt, master])
  })

  it('refuses a wrong recipient, a wrong identity, and another deployment', async () => {
    const world = await platform()
    const [mine, other] = [await generateIdentity(), await generateIdentity()]
    const [key, out] = [join(dir, 'other.txt'), join(dir, 'other.age')]
    expect((await runCli('secrets export --recipient age1nobody', { world })).code).toBe(2)
    const to = await identityToRecipient(mine)
    expect((await runCli(`secrets export --recipient ${to} -o ${out}`, { world })).code).toBe(0)
    await writeFile(key, other)
    const wrong = await runCli(`secrets restore ${out} --identity ${key} --yes`, { world })
    expect([wrong.code, wrong.stderr]).toEqual([3, expect.stringContaining('cannot be decrypted')])
    await writeFile(key, 'nonsense')
    expect((await runCli(`secrets restore ${out} --identity ${key} --yes`, { world })).code).toBe(2)
    expect((await runCli(`secrets restore ${out} --yes`, { world })).code).toBe(2)
    await writeFile(key, mine)
    const file = 'apiVersion: llmgw/v1\ndeployment: other\naws: { region: us-east-1 }\ncluster: { name: test }\n'
    const elsewhere = await runCli(`secrets restore ${out} --identity ${key} --yes`, { world: fakeWorld(), file })
    expect([elsewhere.code, elsewhere.stderr]).toEqual([3, expect.stringContaining('is of deployment "llmgw"')])
  })
})

describe('secrets status and sync', () => {
  it('tells missing values, old copies and how to go on, never a value', async () => {
    const world = await platform()
    const secret = world.aws.state.secrets.get(WEBUI)
    secret?.versions.clear()
    secret?.versions.set('second', { value: 'planted-newer-value', labels: ['AWSCURRENT'] })
    world.aws.state.secrets.delete('litellm/redis-password')
    const { code, stdout } = await runCli('secrets status --exit-code', { world })
    expect(code).toBe(4)
    expect(stdout).toMatch(/openwebui-secrets \(webui-secret-key\) is old/)
    expect(stdout).toMatch(/litellm\/redis-password is not there/)
    expect(stdout).not.toContain('planted-newer-value')
    const synced = await runCli('secrets sync webui-secret-key --yes', { world })
    expect(synced.code, synced.stdout).toBe(0)
    expect(await copyOf(world, 'open-webui', 'openwebui-secrets', 'webui-secret-key')).toBe('planted-newer-value')
    expect(restarts(world)).toEqual([])
    expect(await status(world, 'webui-secret-key')).toMatchObject({ pods: { current: 0, total: 2 } })
  })

  it('tells what the configuration no longer names', async () => {
    const world = await platform()
    const file = `${FILE}cache: { kind: none }\n`
    const { code, stdout } = await runCli('secrets status', { world, file })
    expect([code, stdout]).toEqual([
      0,
      expect.stringContaining('no longer used, and kept:\n  litellm/redis-password\n'),
    ])
  })

  it('is content with a platform in order', async () => {
    const world = await platform()
    await runCli(rotateMaster, { world })
    const { code, stdout } = await runCli('secrets status litellm-master-key --exit-code', { world })
    expect(code, stdout).toBe(0)
  })
})
