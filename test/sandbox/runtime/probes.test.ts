import { once } from 'node:events'
import { mkdtemp, rm } from 'node:fs/promises'
import { createServer as createHttpServer, type Server } from 'node:http'
import { type AddressInfo, connect, createServer } from 'node:net'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterEach, beforeEach, describe, expect, it } from 'vitest'
import { probeOnce } from '../../../src/sandbox/runtime/probes.ts'

let folder: string
const closing: { close(): void }[] = []

beforeEach(async () => {
  folder = await mkdtemp(join(tmpdir(), 'llmgw-probe-'))
})

afterEach(async () => {
  for (const server of closing.splice(0)) server.close()
  await rm(folder, { recursive: true, force: true })
})

/** A server that answers with `status`, and notes whom it was asked as. */
async function answering(status: number): Promise<{ readonly port: number; readonly hosts: string[] }> {
  const hosts: string[] = []
  const server: Server = createHttpServer((request, response) => {
    hosts.push(request.headers.host ?? '')
    response.writeHead(status).end()
  })
  closing.push(server)
  await once(server.listen(0, '127.0.0.1'), 'listening')
  return { port: (server.address() as AddressInfo).port, hosts }
}

/** The Pod's door: what is behind it is at `port`, or nothing is. */
async function door(port: number | undefined): Promise<void> {
  const server = createServer((client) => {
    client.once('data', () => {
      if (port === undefined) {
        client.end('no Connection refused\n')
        return
      }
      const inside = connect(port, '127.0.0.1', () => {
        client.write('ok\n')
        client.pipe(inside).pipe(client)
      })
      inside.on('error', () => client.destroy())
      client.on('error', () => inside.destroy())
    })
  })
  closing.push(server)
  await once(server.listen(join(folder, 'in.sock')), 'listening')
}

/** Probes a port at which, outside of the Pod, somebody else answers. */
function probe(port: number) {
  const container = { name: 'proxy', image: 'proxy', ports: [{ name: 'http', containerPort: port }] }
  const shim = { exec: async () => ({ code: 0, output: '' }) }
  const target = { container, folder, address: '127.0.0.1', shim }
  return probeOnce({ httpGet: { path: '/health', port: 'http' }, timeoutSeconds: 10 }, target)
}

describe('an HTTP probe', () => {
  it('asks the Pod, not who answers at the same address outside of it', async () => {
    const [inside, outside] = [await answering(200), await answering(404)]
    await door(inside.port)
    expect(await probe(outside.port)).toBeUndefined()
    expect([inside.hosts, outside.hosts]).toEqual([[`127.0.0.1:${outside.port}`], []])
  })

  it('tells the status that the Pod answers with', async () => {
    const [inside, outside] = [await answering(503), await answering(200)]
    await door(inside.port)
    expect(await probe(outside.port)).toBe('HTTP probe failed with statuscode: 503')
  })

  it('is refused where nobody listens in the Pod', async () => {
    const outside = await answering(200)
    await door(undefined)
    expect(await probe(outside.port)).toMatch(/connection refused$/)
    expect(outside.hosts).toEqual([])
  })
})
