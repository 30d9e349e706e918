import { readFile } from 'node:fs/promises'
import { Agent, request } from 'node:https'
import { join } from 'node:path'
import type { SandboxWorld } from '../part.ts'
import { clusterDir, readPorts } from './components.ts'

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

/** Opens nothing yet; the first call connects. @throws when the control plane was never made */
export async function connectApi(world: Pick<SandboxWorld, 'dir'>): Promise<Api> {
  const ports = await readPorts(world)
  if (ports === undefined) throw new Error('this sandbox has no control plane')
  const pki = join(clusterDir(world), 'pki')
  const [ca, cert, key] = await Promise.all(
    ['ca.crt', 'admin.crt', 'admin.key'].map((file) => readFile(join(pki, file))),
  )
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
