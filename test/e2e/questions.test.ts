import { describe, expect, test } from 'vitest'
import { useDeployedSandbox } from './world/deployed.ts'
import { LLMGW } from './world/llmgw.ts'
import { REMOTE_SECRETS, ROLES } from './world/platform.ts'
import { secretVersions, snapshot } from './world/snapshot.ts'
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
