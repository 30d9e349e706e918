import { readdir, readFile, readlink } from 'node:fs/promises'
import { join } from 'node:path'
import { setTimeout as sleep } from 'node:timers/promises'
import { afterAll, describe, expect, test } from 'vitest'
import { identify } from '../../src/adapters/process-identity.ts'
import { connectApi } from '../../src/sandbox/control-plane/api.ts'
import { COMPONENTS, pidFile } from '../../src/sandbox/control-plane/components.ts'
import { connection, down, type SandboxConnection, status, up } from '../../src/sandbox/index.ts'
import { findOwn } from '../../src/sandbox/mark.ts'
import { sandboxShell } from '../sandbox-under-test.ts'

const signal = new AbortController().signal
const silent = (): void => undefined
const options = (name: string) => ({ name, shell: sandboxShell() })
const start = (name: string) => up(options(name), silent, signal)
const end = (name: string) => down(options(name), silent, signal)

afterAll(async () => {
  await end('first')
  await end('second')
})

/** Pids of every process of the sandbox, the operators' included. */
async function pids(dir: string): Promise<readonly number[]> {
  return (await findOwn(dir)).map(({ pid }) => pid).sort((a, b) => a - b)
}

interface Listener {
  /** As /proc/net/tcp has it: hexadecimal, little-endian. */
  readonly address: string
  /** Tells this socket from a later one that got the same port. */
  readonly inode: string
}

/** Every listening TCP socket of this machine. */
async function allListeners(): Promise<readonly Listener[]> {
  const tables = await Promise.all(['tcp', 'tcp6'].map((table) => readFile(`/proc/net/${table}`, 'utf8')))
  const rows = tables.flatMap((table) => table.trim().split('\n').slice(1)).map((row) => row.trim().split(/\s+/))
  const LISTEN = '0A'
  return rows
    .filter((row) => row[3] === LISTEN)
    .map(([, address = '', , , , , , , , inode = '']) => ({ address, inode }))
}

/** Listening TCP sockets of these processes. */
async function listeners(of: readonly number[]): Promise<readonly Listener[]> {
  const inodes = new Set((await Promise.all(of.map(socketInodes))).flat())
  return (await allListeners()).filter(({ inode }) => inodes.has(inode))
}

async function socketInodes(pid: number): Promise<readonly string[]> {
  const files = await readdir(`/proc/${pid}/fd`).catch(() => [])
  const targets = await Promise.all(files.map((file) => readlink(`/proc/${pid}/fd/${file}`).catch(() => '')))
  return targets.flatMap((target) => /^socket:\[(\d+)\]$/.exec(target)?.[1] ?? [])
}

/** 127.x.y.z reads as `..xx..7F` in little-endian. */
const onLoopback = (address: string): boolean => /^[0-9A-F]{6}7F:/.test(address)

async function stateOf(name: string, part: string): Promise<string | undefined> {
  return (await status(options(name))).parts.find((row) => row.name === part)?.state
}

/** Kills, and waits until the kernel has ended it: a signal is only sent when `kill` returns. */
async function killHard(pid: number): Promise<void> {
  process.kill(pid, 'SIGKILL')
  const deadline = Date.now() + 10_000
  while ((await identify(pid)) !== undefined) {
    if (Date.now() > deadline) throw new Error(`process ${pid} outlives SIGKILL`)
    await sleep(5)
  }
}

async function createNamespace(to: SandboxConnection, name: string): Promise<void> {
  const api = await connectApi(to)
  await api.call('POST', '/api/v1/namespaces', { metadata: { name } })
  api.close()
}

async function namespaceStatus(of: SandboxConnection, name: string): Promise<number> {
  const api = await connectApi(of)
  const { status: code } = await api.call('GET', `/api/v1/namespaces/${name}`)
  api.close()
  return code
}

describe('a sandbox', () => {
  test('is not there before it is brought up', async () => {
    expect(await status(options('first'))).toEqual({ name: 'first', connection: undefined, parts: [], tools: [] })
    await expect(connection(options('first'))).rejects.toMatchObject({ code: 'SandboxNotThere', exitCode: 3 })
  })

  test('comes up with every part, and a second up changes nothing', async () => {
    const first = await start('first')
    const parts = (await status(options('first'))).parts.map(({ name, state }) => [name, state])
    expect(Object.fromEntries(parts)).toMatchObject({ 'control-plane': 'running', aws: 'running' })
    expect(Object.fromEntries(parts).operators).not.toBe('down')
    const before = await pids(first.dir)
    expect(before.length).toBeGreaterThan(COMPONENTS.length)
    expect(await start('first')).toEqual(first)
    expect(await pids(first.dir)).toEqual(before)
    expect(await connection(options('first'))).toEqual(first)
  })

  test('listens on loopback only', async () => {
    const { dir } = await connection(options('first'))
    const addresses = (await listeners(await pids(dir))).map(({ address }) => address)
    expect(addresses.length).toBeGreaterThan(COMPONENTS.length)
    expect(addresses.filter((address) => !onLoopback(address))).toEqual([])
    expect(onLoopback('00000000:1F90')).toBe(false)
  })

  test.each(COMPONENTS)('shows that %s was killed, and is mended with its data by up', async (component) => {
    const reached = await connection(options('first'))
    await createNamespace(reached, `kept-${component}`)
    await killHard(Number(await readFile(pidFile(reached, component), 'utf8')))
    const seen = (await status(options('first'))).parts.find(({ name }) => name === 'control-plane')
    expect(seen).toMatchObject({ state: 'down', detail: expect.stringContaining(`${component} does not run`) })
    await start('first')
    expect(await stateOf('first', 'control-plane')).toBe('running')
    expect(await namespaceStatus(reached, `kept-${component}`)).toBe(200)
  })

  test.each(['aws', 'operators'])('shows that %s was killed, and is mended by up', async (part) => {
    const { dir } = await connection(options('first'))
    const { pid } = JSON.parse(await readFile(join(dir, 'run', `${part}.json`), 'utf8')) as { pid: number }
    await killHard(pid)
    expect(await stateOf('first', part)).toBe('down')
    await start('first')
    expect(await stateOf('first', part)).not.toBe('down')
  })

  test('does not disturb another one beside it', async () => {
    const first = await connection(options('first'))
    const before = await pids(first.dir)
    const second = await start('second')
    expect(second.serviceRange).not.toBe(first.serviceRange)
    expect(second.oidcIssuer).not.toBe(first.oidcIssuer)
    expect(second.aws.endpoint).not.toBe(first.aws.endpoint)
    await createNamespace(second, 'only-second')
    expect(await namespaceStatus(second, 'only-second')).toBe(200)
    expect(await namespaceStatus(first, 'only-second')).toBe(404)
    expect(await end('second')).toBe(true)
    expect(await pids(first.dir)).toEqual(before)
    expect(await stateOf('first', 'control-plane')).toBe('running')
  })

  test('leaves no process, port or file behind, half dead as it may be', async () => {
    const { dir } = await connection(options('first'))
    const before = await pids(dir)
    const sockets = (await listeners(before)).map(({ inode }) => inode)
    for (const component of ['etcd', 'kwok-controller'] as const) {
      await killHard(Number(await readFile(pidFile({ dir }, component), 'utf8')))
    }
    expect(await end('first')).toBe(true)
    expect(await pids(dir)).toEqual([])
    expect(sockets.length).toBeGreaterThan(COMPONENTS.length)
    const open = new Set((await allListeners()).map(({ inode }) => inode))
    expect(sockets.filter((inode) => open.has(inode))).toEqual([])
    expect(await readdir(join(dir, '..'))).not.toContain('first')
    expect((await readdir(join(dir, '..'))).filter((file) => file.includes('first'))).toEqual([])
  })

  test('is ended twice without complaint', async () => {
    expect(await end('first')).toBe(false)
  })
})
