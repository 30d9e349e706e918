import { EventEmitter } from 'node:events'
import { mkdtemp, rm, writeFile } from 'node:fs/promises'
import { createServer, type IncomingMessage, type ServerResponse } from 'node:http'
import type { AddressInfo } from 'node:net'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterEach } from 'vitest'
import { connectKube } from '../../../src/adapters/kube/index.ts'
import type { Kube } from '../../../src/ports/kube.ts'

/** Answers one request; the next request gets the next answer, the last one stays. */
export type Answer = (response: ServerResponse, request: IncomingMessage) => void

export interface ApiServer {
  readonly kube: Kube
  /** Emits `told` with what is said of a call that is still being tried. */
  readonly delays: EventEmitter
  /** `METHOD path?query` of each request. */
  readonly requests: readonly string[]
  readonly headers: readonly IncomingMessage['headers'][]
  readonly url: string
  close(): Promise<void>
}

/** An answer with a JSON body. */
export function json(body: unknown, status = 200, headers: Readonly<Record<string, string>> = {}): Answer {
  return (response) =>
    response.writeHead(status, { 'content-type': 'application/json', ...headers }).end(JSON.stringify(body))
}

/** A refusal as the API server words it. */
export function refused(status: number, reason: string, message: string, headers = {}): Answer {
  return json({ kind: 'Status', apiVersion: 'v1', status: 'Failure', code: status, reason, message }, status, headers)
}

/** The connection breaks before any answer. */
export const reset: Answer = (response) => void response.socket?.destroy()

/** Starts API servers as {@link apiServer}; they end with the test. */
export function useApiServers(): typeof apiServer {
  const servers: ApiServer[] = []
  afterEach(async () => {
    for (const server of servers.splice(0)) await server.close()
  })
  return async (...answers) => {
    const server = await apiServer(...answers)
    servers.push(server)
    return server
  }
}

/** An API server that says what the test wants, on loopback, and a port that is connected to it with a kubeconfig. */
export async function apiServer(...answers: readonly Answer[]): Promise<ApiServer> {
  const requests: string[] = []
  const headers: IncomingMessage['headers'][] = []
  const queue = [...answers]
  const delays = new EventEmitter()
  const server = createServer((request, response) => {
    requests.push(`${request.method} ${request.url}`)
    headers.push(request.headers)
    const answer = queue.length > 1 ? queue.shift() : queue[0]
    request.resume().on('end', () => answer?.(response, request))
  })
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve))
  const url = `http://127.0.0.1:${(server.address() as AddressInfo).port}`
  const folder = await mkdtemp(join(tmpdir(), 'llmgw-kube-'))
  const path = join(folder, 'kubeconfig')
  await writeFile(path, kubeconfig(url), { mode: 0o600 })
  const kube = await connectKube(
    { kind: 'kubeconfig', path, context: 'test' },
    { retry: { retries: 4, minTimeoutMs: 1 }, onDelay: (message) => delays.emit('told', message) },
  )
  return {
    kube,
    delays,
    requests,
    headers,
    url,
    async close() {
      server.closeAllConnections()
      await new Promise((resolve) => server.close(resolve))
      await rm(folder, { recursive: true })
    },
  }
}

function kubeconfig(server: string): string {
  return JSON.stringify({
    apiVersion: 'v1',
    kind: 'Config',
    clusters: [{ name: 'c', cluster: { server, 'insecure-skip-tls-verify': true } }],
    users: [{ name: 'u', user: { token: 'token-of-the-test' } }],
    contexts: [{ name: 'test', context: { cluster: 'c', user: 'u' } }],
    'current-context': 'other',
  })
}
