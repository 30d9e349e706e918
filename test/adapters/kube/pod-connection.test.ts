import { once } from 'node:events'
import { mkdtemp, rm, writeFile } from 'node:fs/promises'
import { createServer, type Server } from 'node:http'
import type { AddressInfo } from 'node:net'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterEach, beforeEach, describe, expect, test } from 'vitest'
import { type WebSocket, WebSocketServer } from 'ws'
import { connectKube } from '../../../src/adapters/kube/index.ts'
import type { Kube } from '../../../src/ports/kube.ts'
import { apiServer, refused } from './api-server.ts'

const POD = { namespace: 'n', name: 'p', port: 4000 }
const PORT = Buffer.from([0xa0, 0x0f])
const message = (channel: number, text: string | Buffer) => Buffer.concat([Buffer.from([channel]), Buffer.from(text)])

let folder = ''
let http: Server
let sockets: WebSocketServer
let kube: Kube
let asked: string | undefined
/** What the kubelet's side does with a connection whose port it has named. */
let serve: (socket: WebSocket) => void

beforeEach(async () => {
  folder = await mkdtemp(join(tmpdir(), 'llmgw-pod-connection-'))
  http = createServer()
  sockets = new WebSocketServer({ server: http, handleProtocols: (wanted) => [...wanted][0] ?? false })
  sockets.on('connection', (socket, request) => {
    asked = request.url
    for (const channel of [0, 1]) socket.send(message(channel, PORT))
    serve(socket)
  })
  http.listen(0, '127.0.0.1')
  await once(http, 'listening')
  const server = `http://127.0.0.1:${(http.address() as AddressInfo).port}`
  const path = join(folder, 'kubeconfig')
  const config = {
    'current-context': 'test',
    clusters: [{ name: 'test', cluster: { server } }],
    users: [{ name: 'test', user: {} }],
    contexts: [{ name: 'test', context: { cluster: 'test', user: 'test' } }],
  }
  await writeFile(path, JSON.stringify(config))
  kube = await connectKube({ kind: 'kubeconfig', path, context: 'test' })
})
afterEach(async () => {
  for (const socket of sockets.clients) socket.terminate()
  sockets.close()
  http.close()
  await rm(folder, { recursive: true, force: true })
})

describe('a connection to a port of a Pod', () => {
  test('carries bytes both ways, without the port that each channel names first', async () => {
    serve = (socket) => socket.on('message', (data: Buffer) => socket.send(message(0, `echo ${data.subarray(1)}`)))
    const stream = await kube.connect(POD)
    stream.write('hello')
    const [answer] = (await once(stream, 'data')) as [Buffer]
    expect(answer.toString()).toBe('echo hello')
    expect(asked).toBe('/api/v1/namespaces/n/pods/p/portforward?ports=4000')
    stream.destroy()
  })

  test('ends when the other side ends', async () => {
    serve = (socket) => {
      socket.send(message(0, 'bye'))
      socket.close()
    }
    const stream = await kube.connect(POD)
    expect(Buffer.concat(await stream.toArray()).toString()).toBe('bye')
  })

  test('fails with the kubelet’s words when nothing listens there', async () => {
    serve = (socket) => socket.send(message(1, 'dial tcp: connection refused'))
    const stream = await kube.connect(POD)
    await expect(stream.toArray()).rejects.toMatchObject({
      code: 'PodRefused',
      message: 'could not forward port 4000 of Pod n/p',
      cause: 'dial tcp: connection refused',
      hint: 'look at the pod: kubectl describe pod p -n n',
    })
  })

  test('ends with its signal, and does not start with one that is aborted', async () => {
    serve = () => undefined
    const stop = new AbortController()
    const stream = await kube.connect(POD, stop.signal)
    stop.abort()
    expect(await stream.toArray()).toEqual([])
    await expect(kube.connect(POD, stop.signal)).rejects.toMatchObject({ name: 'AbortError' })
  })

  test('tells a refusal of the API server from a server that does not answer', async () => {
    const server = await apiServer(refused(403, 'Forbidden', 'pods "p" is forbidden'))
    await expect(server.kube.connect(POD)).rejects.toMatchObject({ code: 'KubeForbidden', exitCode: 3 })
    await server.close()
    await expect(server.kube.connect(POD)).rejects.toMatchObject({ code: 'KubeUnreachable', exitCode: 3 })
  })
})
