import { once } from 'node:events'
import { describe, expect, test } from 'vitest'
import { useDeployedSandbox } from './world/deployed.ts'
import { LLMGW } from './world/llmgw.ts'
import { REMOTE_SECRETS, ROLES } from './world/platform.ts'
import { secretVersions, snapshot } from './world/snapshot.ts'
import { SPINE_SECRETS } from './world/spine.ts'
import { openTerminal, type Terminal } from './world/terminal.ts'

const NAME = 'e2e-questions'
const sandbox = useDeployedSandbox(NAME, { deploy: true })
const state = () => snapshot(sandbox.at, { roles: ROLES, secrets: REMOTE_SECRETS })
const redisScale = { apiVersion: 'apps/v1', kind: 'StatefulSet', namespace: 'litellm', name: 'redis-redis-ha-server' }

function deploy(...words: string[]): Terminal {
  return openTerminal([process.execPath, LLMGW, 'deploy', ...words, ...sandbox.flags], {
    env: { ...sandbox.env, TERM: 'xterm-256color' },
    columns: 100,
  })
}

const question = (component: string): RegExp => new RegExp(`${component} is \\w+[\\s\\S]*?\\[S\\]kip`)

describe.sequential('the questions on a deployed platform', () => {
  test('Q changes nothing and exits with 130', async () => {
    const before = await state()
    const terminal = deploy('all')
    await terminal.until(question('namespaces'))
    terminal.type('q')
    expect(await terminal.exited).toBe(130)
    expect(await state()).toEqual(before)
  })

  test('S for all leaves even a drift as it is', async () => {
    await sandbox.at.kube.patch(redisScale, { spec: { replicas: 2 } })
    const before = await state()
    const terminal = deploy('redis')
    await terminal.until(question('redis'))
    terminal.type('s')
    expect(await terminal.exited, terminal.text()).toBe(0)
    expect(await state()).toEqual(before)
  })

  test('V shows the difference and asks again; P and a yes mend it', async () => {
    const terminal = deploy('redis')
    await terminal.until(question('redis'))
    terminal.type('v')
    await terminal.until(/spec\.replicas/)
    await terminal.until(question('redis'))
    terminal.type('p')
    await terminal.until(/Go on\?/)
    terminal.type('y\r')
    expect(await terminal.exited, terminal.text()).toBe(0)
    expect((await sandbox.at.kube.find(redisScale))?.spec).toMatchObject({ replicas: 3 })
  })

  test('the confirmation says no by default', async () => {
    await sandbox.at.kube.patch(redisScale, { spec: { replicas: 2 } })
    const before = await state()
    const terminal = deploy('redis')
    await terminal.until(question('redis'))
    terminal.type('p')
    await terminal.until(/Go on\?/)
    terminal.type('\r')
    expect(await terminal.exited).toBe(130)
    expect(await state()).toEqual(before)
    await sandbox.at.kube.patch(redisScale, { spec: { replicas: 3 } })
  })

  test('P on secrets leaves every value and version as it was', async () => {
    const versions = await secretVersions(sandbox.at, REMOTE_SECRETS)
    const values = await Promise.all(REMOTE_SECRETS.map((name) => sandbox.at.aws.secretsManager.value(name)))
    const terminal = deploy('secrets')
    await terminal.until(question('secrets'))
    terminal.type('p')
    expect(await terminal.exited, terminal.text()).toBe(0)
    expect(await secretVersions(sandbox.at, REMOTE_SECRETS)).toEqual(versions)
    const after = await Promise.all(REMOTE_SECRETS.map((name) => sandbox.at.aws.secretsManager.value(name)))
    expect(
      after.map((found) => found?.value.reveal()).every((value, index) => value === values[index]?.value.reveal()),
    ).toBe(true)
  })

  test('V on secrets shows names and dates, never a value', async () => {
    const values = await Promise.all(REMOTE_SECRETS.map((name) => sandbox.at.aws.secretsManager.value(name)))
    const terminal = deploy('secrets')
    await terminal.until(question('secrets'))
    terminal.type('v')
    await terminal.until(/litellm\/master-key/)
    await terminal.until(question('secrets'))
    terminal.type('q')
    await terminal.exited
    for (const found of values) expect(terminal.raw().includes(found?.value.reveal() ?? 'no value')).toBe(false)
  })

  test('A answers the rest: what is healthy is left alone, what is broken is mended', async () => {
    const [, role = ''] = ROLES
    for (const policy of Object.keys((await sandbox.at.aws.iam.findRole(role))?.inline ?? {})) {
      await sandbox.at.aws.iam.removeInlinePolicy(role, policy)
    }
    const versions = await secretVersions(sandbox.at, REMOTE_SECRETS)
    const terminal = deploy('all')
    await terminal.until(question('namespaces'))
    terminal.type('a')
    expect(await terminal.exited, terminal.text()).toBe(0)
    expect(await secretVersions(sandbox.at, REMOTE_SECRETS)).toEqual(versions)
    // A drifted role is not broken: Auto skips what exists and is healthy or merely drifted.
    expect((await sandbox.at.aws.iam.findRole(role))?.inline).toEqual({})
    expect((await sandbox.run('deploy irsa', { INTERACTIVE_MODE: 'false' })).code).toBe(0)
  })

  test('Ctrl-C at a question ends the run with 130 and no change', async () => {
    const before = await state()
    const terminal = deploy('all')
    await terminal.until(question('namespaces'))
    terminal.type('\u0003')
    expect(await terminal.exited).toBe(130)
    expect(await state()).toEqual(before)
  })
})

const CI = { INTERACTIVE_MODE: 'false' }
const BUNDLED = { ...CI, LLMGW_SECRETS_LAYOUT: 'bundle' }
/** The last one is nobody's: a change of it stays, so that whoever watches must see it. */
const WATCHED = ['litellm-secrets', 'redis-credentials', 'watched']

/** Every difference of these Secrets from what they hold now, until it is stopped. */
async function watchSecrets() {
  const stop = new AbortController()
  const faults: string[] = []
  const told = new EventTarget()
  let before: string | undefined
  const first = once(told, 'look')
  const query = { apiVersion: 'v1', kind: 'Secret', namespace: 'litellm' }
  const loop = (async () => {
    for await (const secrets of sandbox.at.kube.watch(query, stop.signal)) {
      const held = secrets.filter(({ metadata }) => WATCHED.includes(metadata.name))
      const now = JSON.stringify(held.map(({ metadata, data }) => [metadata.name, data]).sort())
      before ??= now
      if (now !== before) faults.push(`holds something else, among ${held.length}`)
      told.dispatchEvent(new Event(now === before ? 'look' : 'fault'))
    }
  })().catch((error: unknown) => {
    if (!stop.signal.aborted) throw error
  })
  await first
  return {
    faults,
    /** The next difference. */
    fault: () => once(told, 'fault'),
    stop: async () => {
      stop.abort()
      await loop
    },
  }
}

describe.sequential('the layouts of secrets on a deployed platform', () => {
  test('a deploy in the other layout makes no value, and a migration there and back loses none for a moment', async () => {
    const { kube, aws } = sandbox.at
    const values = async (names: readonly string[]) =>
      (await Promise.all(names.map((name) => aws.secretsManager.value(name)))).map((found) => found?.value.reveal())
    const before = await values(SPINE_SECRETS)
    const keys = ['master-key', 'salt-key', 'database-url'].map((key) => `litellm-${key}`)
    const addresses = [...keys, 'redis-password'].map((key) => `llm-gateway/api-keys#${key}`)
    const refused = await sandbox.run('deploy all', BUNDLED)
    expect([refused.code, refused.output]).toEqual([1, expect.stringContaining('SecretsInOtherLayout')])
    expect(await aws.secretsManager.describe('llm-gateway/api-keys')).toBeUndefined()

    const watched = { apiVersion: 'v1', kind: 'Secret', namespace: 'litellm', name: 'watched' }
    await kube.create({
      apiVersion: 'v1',
      kind: 'Secret',
      metadata: { name: 'watched', namespace: 'litellm' },
      data: { key: btoa('value') },
    })
    const watcher = await watchSecrets()
    const there = await sandbox.run('secrets migrate --to bundle --retire --yes', BUNDLED)
    expect(there.code, there.output).toBe(0)
    expect(await values(addresses)).toEqual(before)
    expect((await aws.secretsManager.describe('litellm/salt-key'))?.deletedAt).toBeDefined()
    const settled = await sandbox.run('plan all --exit-code', BUNDLED)
    expect(settled.code, settled.output).toBe(0)
    const verified = await sandbox.run('verify irsa secrets external-secrets', BUNDLED)
    expect(verified.code, verified.output).toBe(0)

    const back = await sandbox.run('secrets migrate --to split --retire --yes', CI)
    expect(back.code, back.output).toBe(0)
    expect(await values(SPINE_SECRETS)).toEqual(before)
    expect((await sandbox.run('plan all --exit-code', CI)).code).toBe(0)
    expect(watcher.faults).toEqual([])

    // Who watches would have seen it.
    const seen = watcher.fault()
    await kube.patch(watched, { data: { key: null } })
    await seen
    await watcher.stop()
    await kube.remove(watched)
  })
})
