import { createHash } from 'node:crypto'
import { createServer } from 'node:http'
import type { AddressInfo } from 'node:net'
import { afterEach, describe, expect, it } from 'vitest'
import { WebSocketServer } from 'ws'
import type { Server } from '../../../src/adapters/kube/connection.ts'
import { createPodStreams } from '../../../src/adapters/kube/port-forward.ts'

const POD = { namespace: 'litellm', name: 'litellm-1', port: 4000 }
const never = new AbortController().signal
const closing: (() => Promise<void>)[] = []
afterEach(async () => {
  for (const close of closing.splice(0)) await close()
})

/** An API server whose pods answer as `pod` says; it speaks the protocol of port-forward over WebSockets. */
async function apiServer(
  pod: (text: string) => { readonly data?: string; readonly error?: string; readonly end?: boolean },
) {
  const seen: { url?: string | undefined; protocol?: string; authorization?: string | undefined } = {}
  const http = createServer((_request, response) => response.writeHead(404).end())
  const sockets = new WebSocketServer({ server: http, handleProtocols: ([first]) => first ?? false })
  sockets.on('connection', (socket, request) => {
    Object.assign(seen, { url: request.url, protocol: socket.protocol, authorization: request.headers.authorization })
    // Each channel starts with the port.
    for (const channel of [0, 1]) socket.send(Buffer.from([channel, 0xa0, 0x0f]))
    socket.on('message', (raw: Buffer) => {
      const { data, error, end } = pod(raw.subarray(1).toString('utf8'))
      if (data !== undefined) socket.send(Buffer.concat([Buffer.from([raw[0] ?? 9]), Buffer.from(data)]))
      if (error !== undefined) socket.send(Buffer.concat([Buffer.from([1]), Buffer.from(error)]))
      if (end) socket.close()
    })
  })
  const server = await listening(http)
  closing.push(async () => {
    for (const client of sockets.clients) client.terminate()
    await new Promise((resolve) => http.close(resolve))
  })
  return { server, seen }
}

async function listening(http: ReturnType<typeof createServer>): Promise<Server> {
  await new Promise<void>((resolve) => http.listen(0, '127.0.0.1', resolve))
  return {
    url: new URL(`http://127.0.0.1:${(http.address() as AddressInfo).port}/cluster`),
    authorize: async () => ({ headers: { authorization: 'Bearer of-the-test' }, agent: undefined as never }),
    close: () => undefined,
  }
}

async function ask(server: Server, text: string): Promise<string> {
  const stream = await createPodStreams(server).open(POD, never)
  stream.write(text)
  const chunks: Buffer[] = []
  for await (const chunk of stream) chunks.push(chunk as Buffer)
  return Buffer.concat(chunks).toString('utf8')
}

describe('a stream into a pod', () => {
  it('carries bytes both ways, with our credentials, and ends when the pod ends it', async () => {
    const { server, seen } = await apiServer((text) => ({ data: `echo ${text}`, end: true }))
    expect(await ask(server, 'hello')).toBe('echo hello')
    expect(seen).toEqual({
      url: '/cluster/api/v1/namespaces/litellm/pods/litellm-1/portforward?ports=4000',
      protocol: 'v4.channel.k8s.io',
      authorization: 'Bearer of-the-test',
    })
  })

  it('ends although the other side says nothing any more', async () => {
    const http = createServer()
    const ended = new Promise<void>((resolve) => {
      http.on('upgrade', (request, socket) => {
        const key = `${request.headers['sec-websocket-key']}258EAFA5-E914-47DA-95CA-C5AB0DC85B11`
        const accept = createHash('sha1').update(key).digest('base64')
        const head = ['HTTP/1.1 101 Switching Protocols', 'Upgrade: websocket', 'Connection: Upgrade']
        const more = [`Sec-WebSocket-Accept: ${accept}`, 'Sec-WebSocket-Protocol: v4.channel.k8s.io', '', '']
        socket.write([...head, ...more].join('\r\n'))
        socket
          .resume()
          .on('error', () => undefined)
          .once('end', () => {
            socket.end()
            resolve()
          })
      })
    })
    const server = await listening(http)
    closing.push(async () => void (await new Promise((resolve) => http.close(resolve))))
    const stream = await createPodStreams(server).open(POD, never)
    stream.destroy()
    await ended
  }, 20_000)

  it('carries more than one message can', async () => {
    const { server } = await apiServer((text) => ({ data: text, end: text.endsWith('!') }))
    const large = `${'x'.repeat(300_000)}!`
    expect((await ask(server, large)).length).toBe(large.length)
  })

  it("fails with the kubelet's words when nothing listens there", async () => {
    const { server } = await apiServer(() => ({ error: 'dial tcp4 127.0.0.1:4000: connection refused' }))
    await expect(ask(server, 'hello')).rejects.toMatchObject({
      code: 'ForwardFailed',
      message: 'Pod litellm/litellm-1 does not answer on port 4000',
      cause: 'dial tcp4 127.0.0.1:4000: connection refused',
    })
  })

  it('is refused as every call is refused', async () => {
    const status = {
      kind: 'Status',
      status: 'Failure',
      code: 403,
      reason: 'Forbidden',
      message: 'pods/portforward is forbidden',
    }
    const http = createServer()
    http.on('upgrade', (_request, socket) => {
      const body = JSON.stringify(status)
      socket.end(
        `HTTP/1.1 403 Forbidden\r\nContent-Type: application/json\r\nContent-Length: ${body.length}\r\n\r\n${body}`,
      )
    })
    const server = await listening(http)
    closing.push(async () => void (await new Promise((resolve) => http.close(resolve))))
    await expect(createPodStreams(server).open(POD, never)).rejects.toMatchObject({ code: 'KubeForbidden' })
  })

  it('says that nobody answers', async () => {
    const http = createServer()
    const server = await listening(http)
    await new Promise((resolve) => http.close(resolve))
    await expect(createPodStreams(server).open(POD, never)).rejects.toMatchObject({ code: 'KubeUnreachable' })
  })
})
