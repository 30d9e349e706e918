import { mkdir, mkdtemp, rm, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterEach, beforeEach, expect, test } from 'vitest'
import { packageFile } from '../../../src/sandbox/package-root.ts'
import { enterPod } from '../../../src/sandbox/runtime/exec.ts'
import { CHANNEL, encodeFrame, frameDecoder } from '../../../src/sandbox/runtime/frames.ts'
import { type Ended, type Shim, startShim } from '../../../src/sandbox/runtime/shim.ts'
import { until } from '../../sandbox-aws/kube.ts'

let folder = ''
let shim: Shim
let ended: Promise<Ended>
beforeEach(async () => {
  folder = await mkdtemp(join(tmpdir(), 'llmgw-exec-'))
  await Promise.all(['logs', 'data'].map((name) => mkdir(join(folder, name))))
  await writeFile(join(folder, 'hosts'), '127.0.0.1 localhost\n')
  await writeFile(join(folder, 'spec.json'), JSON.stringify({ hostname: 'cache-0', address: '10.98.1.1' }))
  const environment = { PATH: process.env.PATH ?? '' }
  shim = await startShim({
    python: 'python3',
    program: packageFile('sandbox', 'runtime', 'pod.py'),
    folder,
    environment,
  })
  await new Promise<void>((resolve) => {
    ended = shim.start(
      {
        id: 'main',
        argv: ['sh', '-c', 'echo of the container > /tmp/note; exec sleep 1000'],
        env: { PATH: '/usr/bin:/bin', GREETING: 'hello' },
        cwd: '/data',
        user: [1234, 1235],
        readOnlyRoot: false,
        log: join(folder, 'logs', 'main.log'),
        binds: [[join(folder, 'data'), '/data', false]],
      },
      resolve,
    )
  })
})
afterEach(async () => {
  await shim.close()
  await rm(folder, { recursive: true, force: true })
})

interface Guest {
  /** What it said so far on a channel. */
  said(channel: number): string
  type(channel: number, payload: string): void
  /** How it ended. */
  readonly end: Promise<unknown>
  leave(): void
}

async function enter(argv: readonly string[], { tty = false, container = 'main' } = {}): Promise<Guest> {
  const socket = await enterPod(folder)
  socket.write(`${JSON.stringify({ container, argv, stdin: true, tty })}\n`)
  const decode = frameDecoder()
  const heard = new Map<number, string>()
  socket.on('data', (chunk) => {
    for (const { channel, payload } of decode(chunk)) heard.set(channel, (heard.get(channel) ?? '') + payload)
  })
  const said = (channel: number) => heard.get(channel) ?? ''
  return {
    said,
    type: (channel, payload) => socket.write(encodeFrame({ channel, payload: Buffer.from(payload) })),
    end: new Promise((resolve) => {
      socket.on('close', () => resolve(JSON.parse(said(CHANNEL.end) || 'null')))
    }),
    leave: () => socket.destroy(),
  }
}

/** Of what it says: until then, it runs. */
const heard = (guest: Guest, words: string) =>
  until(words, async () => (guest.said(CHANNEL.output).includes(words) ? true : undefined))

test('a command sees what its container sees, as the same user, and tells how it ended', async () => {
  await until('the note', async () => {
    const guest = await enter(['cat', '/tmp/note'])
    await guest.end
    return guest.said(CHANNEL.output) === 'of the container\n' ? true : undefined
  })
  const guest = await enter([
    'sh',
    '-c',
    'id -u; id -g; echo $GREETING; pwd; cat /proc/sys/kernel/hostname -; echo oh >&2; exit 3',
  ])
  guest.type(CHANNEL.input, 'typed\n')
  guest.type(CHANNEL.input, '')
  expect(await guest.end).toEqual({ code: 3 })
  expect(guest.said(CHANNEL.output)).toBe('1234\n1235\nhello\n/data\ncache-0\ntyped\n')
  expect(guest.said(CHANNEL.error)).toBe('oh\n')
  expect(await shim.exec('main', ['cat', '/tmp/note'], 10)).toEqual({ code: 0, output: 'of the container\n' })
})

test('a terminal has its size and its keys', async () => {
  const guest = await enter(['sh'], { tty: true })
  guest.type(CHANNEL.size, JSON.stringify({ Width: 111, Height: 33 }))
  guest.type(CHANNEL.input, 'stty size\n')
  await heard(guest, '33 111')
  // What is typed comes back, too; the quotes tell that from what is said.
  guest.type(CHANNEL.input, 'sh -c \'echo wait""ing; exec sleep 1000\'\n')
  await heard(guest, 'waiting')
  guest.type(CHANNEL.input, '\u0003')
  guest.type(CHANNEL.input, 'test -t 1 && exit 5\n')
  expect(await guest.end).toEqual({ code: 5 })
  expect(guest.said(CHANNEL.error)).toBe('')
})

test('what cannot be started says why', async () => {
  expect(await (await enter(['nothere'])).end).toEqual({
    failed: 'exec: "nothere": executable file not found in $PATH',
  })
  expect(await (await enter(['/tmp/note'])).end).toEqual({ failed: 'exec: "/tmp/note": permission denied' })
  expect(await (await enter(['true'], { container: 'other' })).end).toEqual({
    failed: 'container not found ("other")',
  })
})

test('a command and what it started end with whom they run for', async () => {
  const guest = await enter(['sh', '-c', 'sleep 1000 & sleep 1000 & echo two; wait'])
  await heard(guest, 'two')
  const count = ['sh', '-c', 'cat /proc/[0-9]*/comm | grep -c sleep']
  const sleeping = async () => (await shim.exec('main', count, 10)).output.trim()
  await until('both, beside the container itself', async () => ((await sleeping()) === '3' ? true : undefined))
  guest.leave()
  await until('the end of both', async () => ((await sleeping()) === '1' ? true : undefined))
})

test('a command ends with its container', async () => {
  const guest = await enter(['sh', '-c', 'echo here; exec sleep 1000'])
  await heard(guest, 'here')
  shim.signal('main', 9)
  expect(await ended).toMatchObject({ code: 137 })
  expect(await guest.end).toEqual({ code: 137 })
  expect(await (await enter(['true'])).end).toEqual({ failed: 'container not found ("main")' })
})
