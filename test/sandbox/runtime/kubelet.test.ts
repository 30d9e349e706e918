import { once } from 'node:events'
import { mkdir, mkdtemp, rm } from 'node:fs/promises'
import { createServer as createHttpServer, type Server as HttpServer, type IncomingMessage } from 'node:http'
import { request } from 'node:https'
import { type AddressInfo, createServer, type Server, type Socket } from 'node:net'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { text } from 'node:stream/consumers'
import { afterEach, beforeEach, expect, test } from 'vitest'
import { WebSocket } from 'ws'
import { freePort } from '../../../src/sandbox/ports.ts'
import { CHANNEL, encodeFrame, type Frame, frameDecoder } from '../../../src/sandbox/runtime/frames.ts'
import { type Behind, serveKubelet } from '../../../src/sandbox/runtime/kubelet.ts'
import { makeCertificate } from '../../fakes/make-certificate.ts'

const authority = makeCertificate({ subject: 'authority', isAuthority: true })
const apiServer = makeCertificate({ subject: 'admin', issuer: authority })
const stranger = makeCertificate({ subject: 'stranger' })
const BEHIND: Readonly<Record<string, Behind>> = { watcher: { kind: 'simulated' }, late: { kind: 'nothing' } }
const EXEC = '/exec/ns/pod/main?command=sh&command=-c&command=a+%26+b&input=1&output=1&error=1'

let dir = ''
let port = 0
let pod: Server
let kwok: HttpServer
let kubelet: { close(): void }
/** The next connection to the Pod, in place of `sandbox/runtime/guests.py`. */
let entered: Promise<Inside>

interface Inside {
  readonly socket: Socket
  readonly order: unknown
  /** The next frame from the client; undefined when it went away. */
  next(): Promise<Frame | undefined>
}

async function insideOf(socket: Socket): Promise<Inside> {
  const chunks = socket[Symbol.asyncIterator]() as AsyncIterator<Buffer, undefined>
  const decode = frameDecoder()
  const first = (await chunks.next()).value ?? Buffer.of()
  const end = first.indexOf('\n')
  const frames = [...decode(first.subarray(end + 1))]
  return {
    socket,
    order: JSON.parse(first.subarray(0, end).toString()),
    async next() {
      while (frames.length === 0) {
        const { done, value } = await chunks.next()
        if (done) return undefined
        frames.push(...decode(value))
      }
      return frames.shift()
    },
  }
}

beforeEach(async () => {
  dir = await mkdtemp(join(tmpdir(), 'llmgw-kubelet-'))
  for (const name of ['pod', 'gone']) await mkdir(join(dir, name))
  pod = createServer()
  entered = once(pod, 'connection').then(([socket]) => insideOf(socket as Socket))
  pod.listen(join(dir, 'pod', 'exec.sock'))
  kwok = createHttpServer((incoming, outgoing) => outgoing.end(`kwok: ${incoming.method} ${incoming.url}`))
  kwok.on('upgrade', ({ url }, socket: Socket) => {
    socket.write(`HTTP/1.1 101 Switching Protocols\r\nConnection: Upgrade\r\nUpgrade: SPDY/3.1\r\n\r\n${url} `)
    socket.pipe(socket)
  })
  kwok.listen(0, '127.0.0.1')
  await Promise.all([once(pod, 'listening'), once(kwok, 'listening')])
  port = await freePort()
  kubelet = await serveKubelet({
    port,
    pki: {
      ca: Buffer.from(authority.certificate),
      cert: Buffer.from(apiServer.certificate),
      key: Buffer.from(apiServer.key),
    },
    kwokPort: (kwok.address() as AddressInfo).port,
    find: (_namespace, name, container) => BEHIND[container] ?? { kind: 'real', folder: join(dir, name) },
  })
})
afterEach(async () => {
  kubelet.close()
  pod.close()
  kwok.closeAllConnections()
  kwok.close()
  await rm(dir, { recursive: true, force: true })
})

const shown = { cert: apiServer.certificate, key: apiServer.key, rejectUnauthorized: false }

/** A client of `exec`, and what it heard: channel and text. */
async function exec(path = EXEC, protocol = 'v5.channel.k8s.io') {
  const socket = new WebSocket(`wss://127.0.0.1:${port}${path}`, protocol, shown)
  const heard: [number | undefined, string][] = []
  socket.on('message', (data: Buffer) => heard.push([data[0], data.subarray(1).toString()]))
  const closed = once(socket, 'close')
  await once(socket, 'open')
  const send = (channel: number, payload: string | Buffer) =>
    socket.send(Buffer.concat([Buffer.of(channel), Buffer.from(payload)]))
  return { socket, heard, closed, send, inside: await entered }
}

const tell = ({ socket }: Inside, channel: number, payload: string) =>
  socket.write(encodeFrame({ channel, payload: Buffer.from(payload) }))

/** The answer to a request that the server does not upgrade, or does. */
async function ask(path: string, headers: Readonly<Record<string, string>>, tls: object = shown) {
  const outgoing = request({ host: '127.0.0.1', port, path, headers, agent: false, ...tls })
  outgoing.end()
  return await new Promise<{ status: number | undefined; response: IncomingMessage; socket?: Socket }>(
    (resolve, reject) => {
      outgoing.on('response', (response) => resolve({ status: response.statusCode, response }))
      outgoing.on('upgrade', (response, socket: Socket, head) => {
        socket.unshift(head)
        resolve({ status: response.statusCode, response, socket })
      })
      outgoing.on('error', reject)
    },
  )
}

const WEB_SOCKET = {
  connection: 'Upgrade',
  upgrade: 'websocket',
  'sec-websocket-key': 'dGhlIHNhbXBsZSBub25jZQ==',
  'sec-websocket-version': '13',
  'sec-websocket-protocol': 'v5.channel.k8s.io',
}
const SPDY = { connection: 'Upgrade', upgrade: 'SPDY/3.1', 'x-stream-protocol-version': 'v4.channel.k8s.io' }

test('a command gets its words, input and the size of its terminal; its output and exit code come back', async () => {
  const { heard, closed, send, inside } = await exec(`${EXEC}&tty=1`)
  expect(inside.order).toEqual({ container: 'main', argv: ['sh', '-c', 'a & b'], stdin: true, tty: true })
  // Clients look first whether the channel is open; that ends no input.
  send(CHANNEL.input, '')
  send(CHANNEL.input, 'typed')
  expect(await inside.next()).toEqual({ channel: CHANNEL.input, payload: Buffer.from('typed') })
  send(CHANNEL.size, 'no size')
  send(CHANNEL.size, '{"Width":80,"Height":24}')
  expect(await inside.next()).toMatchObject({ channel: CHANNEL.size })
  send(255, Buffer.of(CHANNEL.input))
  expect(await inside.next()).toEqual({ channel: CHANNEL.input, payload: Buffer.of() })
  tell(inside, CHANNEL.output, 'said')
  tell(inside, CHANNEL.error, 'complained')
  tell(inside, CHANNEL.end, '{"code":3}')
  expect((await closed)[0]).toBe(1000)
  expect(heard.slice(0, 2)).toEqual([
    [CHANNEL.output, 'said'],
    [CHANNEL.error, 'complained'],
  ])
  expect(JSON.parse(heard[2]?.[1] ?? '')).toMatchObject({
    status: 'Failure',
    reason: 'NonZeroExitCode',
    details: { causes: [{ reason: 'ExitCode', message: '3' }] },
  })
})

test('a command that ends well, in the older protocol', async () => {
  const { socket, heard, closed, inside } = await exec(undefined, 'v4.channel.k8s.io')
  expect(socket.protocol).toBe('v4.channel.k8s.io')
  tell(inside, CHANNEL.end, '{"code":0}')
  await closed
  expect(heard).toEqual([[CHANNEL.end, '{"metadata":{},"status":"Success"}']])
})

test('a command that cannot be started is no exit code', async () => {
  const { heard, closed, inside } = await exec()
  tell(inside, CHANNEL.end, '{"failed":"exec: \\"nothere\\": executable file not found in $PATH"}')
  await closed
  const status = JSON.parse(heard[0]?.[1] ?? '')
  expect(status).toMatchObject({ status: 'Failure', reason: 'InternalError' })
  expect(status.message).toMatch(/failed to exec in container: .*executable file not found in \$PATH$/)
})

test('the Pod goes away under the command: killed', async () => {
  const { heard, closed, inside } = await exec()
  inside.socket.destroy()
  await closed
  expect(heard[0]?.[1]).toContain('"message":"137"')
})

test('the client goes away: so does the command', async () => {
  const { socket, inside } = await exec()
  socket.terminate()
  expect(await inside.next()).toBeUndefined()
})

test('much output and much input arrive whole, however slow the other side is', async () => {
  const { heard, closed, send, inside } = await exec()
  const chunk = 'x'.repeat(1 << 20)
  for (let count = 0; count < 8; count += 1) {
    send(CHANNEL.input, chunk)
    tell(inside, CHANNEL.output, chunk)
  }
  let received = 0
  while (received < 8 << 20) received += (await inside.next())?.payload.length ?? Number.POSITIVE_INFINITY
  expect(received).toBe(8 << 20)
  tell(inside, CHANNEL.end, '{"code":0}')
  await closed
  expect(heard.slice(0, -1).reduce((sum, [, said]) => sum + said.length, 0)).toBe(8 << 20)
})

test.each([
  ['a simulated container', '/exec/ns/pod/watcher?command=true', /container watcher of pod ns\/pod is simulated/],
  ['a container that does not run', '/exec/ns/pod/late?command=true', /^container not found \("late"\)$/],
  ['a pod whose namespaces are gone', '/exec/ns/gone/uid-1/main?command=true', /^container not found \("main"\)$/],
])('%s is refused before the upgrade', async (_what, path, message) => {
  const { status, response } = await ask(path, WEB_SOCKET)
  expect(status).toBe(400)
  const told = JSON.parse(await text(response))
  expect(told).toMatchObject({ kind: 'Status', status: 'Failure', reason: 'BadRequest' })
  expect(told.message).toMatch(message)
})

test('an old client is told what it lacks, and of a simulated container that it is one', async () => {
  expect(await text((await ask(EXEC, SPDY)).response)).toMatch(/kubectl 1\.31 or newer/)
  expect(await text((await ask('/exec/ns/pod/watcher', SPDY)).response)).toMatch(/is simulated/)
})

test("everything else is kwok's, upgrades too", async () => {
  const path = '/containerLogs/ns/pod/main?follow=true'
  expect(await text((await ask(path, {})).response)).toBe(`kwok: GET ${path}`)
  const { status, socket } = await ask('/portForward/ns/pod', SPDY)
  expect(status).toBe(101)
  socket?.write('there and back')
  let heard = ''
  for await (const chunk of socket ?? []) {
    heard += chunk
    if (heard.endsWith('back')) break
  }
  expect(heard).toBe('/portForward/ns/pod there and back')
})

test('nobody is let in without a certificate of the cluster', async () => {
  const other = { cert: stranger.certificate, key: stranger.key, rejectUnauthorized: false }
  for (const tls of [{ rejectUnauthorized: false }, other]) {
    await expect(ask('/healthz', {}, tls)).rejects.toMatchObject({ code: expect.any(String) })
  }
  expect((await ask('/healthz', {})).status).toBe(200)
})
