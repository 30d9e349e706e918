import { readFile } from 'node:fs/promises'
import { Agent, request } from 'node:https'
import type { SandboxWorld } from '../part.ts'
import { pkiFile, readPorts } from './components.ts'

interface ApiAnswer {
  readonly status: number
  readonly text: string
}

/** The API server as its administrator; small on purpose, so that a command that finds all well loads no client library. */
export interface Api {
  call(method: 'GET' | 'POST' | 'PATCH' | 'DELETE', path: string, body?: unknown): Promise<ApiAnswer>
  /** Frees the connections. */
  close(): void
}

const DEADLINE_MS = 10_000

/** Authority, certificate and key of the cluster's administrator. @throws when the control plane was never made */
export async function readPki(world: Pick<SandboxWorld, 'dir'>): Promise<{ ca: Buffer; cert: Buffer; key: Buffer }> {
  const [ca, cert, key] = await Promise.all([
    readFile(pkiFile(world, 'ca.crt')),
    readFile(pkiFile(world, 'admin.crt')),
    readFile(pkiFile(world, 'admin.key')),
  ])
  return { ca, cert, key }
}

/** Opens nothing yet; the first call connects. @throws when the control plane was never made */
export async function connectApi(world: Pick<SandboxWorld, 'dir'>): Promise<Api> {
  const ports = await readPorts(world)
  if (ports === undefined) throw new Error('this sandbox has no control plane')
  const { ca, cert, key } = await readPki(world)
  const agent = new Agent({ ca, cert, key, keepAlive: true, maxSockets: 8 })
  return {
    call: (method, path, body) =>
      new Promise((resolve, reject) => {
        const outgoing = request(
          {
            agent,
            method,
            path,
            host: '127.0.0.1',
            port: ports['kube-apiserver'],
            headers: { 'content-type': method === 'PATCH' ? 'application/merge-patch+json' : 'application/json' },
            timeout: DEADLINE_MS,
          },
          (response) => {
            let text = ''
            response.setEncoding('utf8')
            response.on('data', (chunk: string) => {
              text += chunk
            })
            response.on('end', () => resolve({ status: response.statusCode ?? 0, text }))
            response.on('error', reject)
          },
        )
        outgoing.on('timeout', () => outgoing.destroy(new Error(`no answer in ${DEADLINE_MS / 1000} s`)))
        outgoing.on('error', reject)
        outgoing.end(body === undefined ? undefined : JSON.stringify(body))
      }),
    close: () => agent.destroy(),
  }
}
