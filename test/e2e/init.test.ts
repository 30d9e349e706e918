import { mkdtemp, readdir, readFile, rm } from 'node:fs/promises'
import { constants, tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterAll, beforeAll, beforeEach, describe, expect, test } from 'vitest'
import { useSandbox } from '../sandbox-under-test.ts'
import { LLMGW, llmgw, useHome, userEnvironment } from './world/llmgw.ts'
import { openTerminal, type Terminal } from './world/terminal.ts'
import { type Proxied, throughProxies } from './world/through-proxies.ts'

const sandbox = useSandbox()
const home = useHome()
const CTRL_C = '\u0003'
const DOWN = '\u001b[B'

let proxied: Proxied
let env: Record<string, string | undefined>
let cwd = ''
beforeAll(async () => {
  proxied = await throughProxies(sandbox.connection, {})
  // A shell with credentials, and the emulator in the place of AWS.
  const account = { ...proxied.env, LLMGW_AWS_ENDPOINT_URL: proxied.aws.url, AWS_REGION: 'us-east-1' }
  env = { ...userEnvironment(sandbox.shell, await home()), ...account, TERM: 'xterm-256color' }
})
afterAll(async () => await proxied.close())
beforeEach(async () => {
  cwd = await mkdtemp(join(tmpdir(), 'llmgw-init-'))
  return async () => await rm(cwd, { recursive: true, force: true })
})

const start = (...words: string[]): Terminal =>
  openTerminal([process.execPath, LLMGW, ...words], { env, cwd, columns: 100 })

/** Everything but the preset as it is offered. */
async function answer(terminal: Terminal, preset: string): Promise<void> {
  await terminal.until(/Preset:[\s\S]*lean: one namespace/)
  terminal.type(`${preset}\r`)
  await terminal.until(/AWS region:.*us-east-1/)
  terminal.type('\r')
  await terminal.until(/pinned to[^\n]*123456789012/)
  terminal.resize(60, 20)
  terminal.type('\r')
  await terminal.until(new RegExp(`EKS cluster:[\\s\\S]*${sandbox.connection.aws.clusterName}`))
  terminal.type('\r')
  await terminal.until(/Name of this deployment:/)
  terminal.type('\r')
  await terminal.until(/Models:/)
  terminal.type('\r')
}

describe.sequential('llmgw init in a terminal', () => {
  test('offers what the account has, survives a resize, and writes a file that is valid', async () => {
    const terminal = start('init')
    await answer(terminal, DOWN)
    expect(await terminal.exited, terminal.text()).toBe(0)
    expect(terminal.text()).toContain('wrote llmgw.yaml, pinned to account 123456789012')
    const validated = await llmgw(['config', '--output', 'json'], { env, cwd })
    expect(JSON.parse(validated.stdout)).toMatchObject({
      config: {
        preset: 'lean',
        aws: { region: 'us-east-1', accountId: '123456789012' },
        cluster: { name: sandbox.connection.aws.clusterName },
      },
    })
    expect((await llmgw(['validate'], { env, cwd })).code).toBe(0)
  })

  test.each([
    ['once', [CTRL_C]],
    ['twice', [CTRL_C, CTRL_C]],
  ])('Ctrl-C %s at a question ends it with 130, and nothing is written', async (_times, keys) => {
    const terminal = start('init')
    await terminal.until(/Preset:/)
    terminal.type('\r')
    await terminal.until(/AWS region:/)
    for (const key of keys) terminal.type(key)
    expect(await terminal.exited, terminal.text()).toBe(130)
    expect(await readdir(cwd)).toEqual([])
  })

  test('a closed terminal ends it, and nothing is written', async () => {
    const terminal = start('init')
    await terminal.until(/Preset:/)
    terminal.hangUp()
    expect([130, 256 - constants.signals.SIGHUP]).toContain(await terminal.exited)
    expect(await readdir(cwd)).toEqual([])
  })
})

describe.sequential('a command in a folder without a configuration', () => {
  test('offers to have one written, and goes on with it', async () => {
    delete env.AWS_REGION
    const terminal = start('plan', '--only', 'storage')
    await terminal.until(/have one written\?/)
    terminal.type('\r')
    await terminal.until(/Preset:/)
    terminal.type('\r')
    await terminal.until(/AWS region:/)
    terminal.type('us-east-1\r')
    await terminal.until(/pinned to[^\n]*123456789012/)
    terminal.type('\r')
    await terminal.until(/EKS cluster:/)
    terminal.type('\r')
    await terminal.until(/Name of this deployment:/)
    terminal.type('\r')
    await terminal.until(/Models:/)
    terminal.type('\r')
    expect(await terminal.exited, terminal.text()).toBe(0)
    expect(terminal.text()).toMatch(/wrote llmgw\.yaml[\s\S]*Plan: nothing to change; 1 component as wanted\./)
    expect(await readFile(join(cwd, 'llmgw.yaml'), 'utf8')).toContain('accountId: "123456789012"')
  })

  test('is answered with no, and ends with 2', async () => {
    const terminal = start('deploy', 'all')
    await terminal.until(/have one written\?/)
    terminal.type('n\r')
    expect(await terminal.exited, terminal.text()).toBe(2)
    expect(terminal.text()).toMatch(/error: there is no llmgw\.yaml/)
    expect(await readdir(cwd)).toEqual([])
  })
})
