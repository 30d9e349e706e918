import { createHash } from 'node:crypto'
import type { IncomingMessage, RequestListener } from 'node:http'

interface Kept {
  readonly key_alias: string
  readonly models: readonly string[]
  readonly status: string
  readonly key_type?: string
}

export interface FakeLitellm {
  readonly serve: RequestListener
  /** Keys by digest of their value. */
  readonly keys: Map<string, Kept>
  /** Addresses that were asked, in order. */
  readonly asked: string[]
  readonly writes: string[]
  /** From now on it knows another master key. */
  refuse(): void
}

const digest = (value: string) => createHash('sha256').update(value).digest('hex')
const asDigest = (key: string) => (key.startsWith('sk-') ? digest(key) : key)

/** LiteLLM's administration of keys, as far as it is used: in memory, for whoever has the master key. */
export function fakeLitellm(masterKey: () => string | undefined): FakeLitellm {
  const keys = new Map<string, Kept>()
  const asked: string[] = []
  const writes: string[] = []
  let refusing = false
  const act = (path: string, body: Record<string, unknown>): unknown => {
    writes.push(path)
    if (path === '/key/delete') {
      for (const key of body.keys as readonly string[]) keys.delete(asDigest(key))
      return { deleted_keys: body.keys }
    }
    const id = asDigest(String(body.key))
    const { key: _, blocked: __, ...rest } = body
    keys.set(id, { ...(keys.get(id) as Kept), ...(rest as unknown as Kept), status: 'active' })
    return {}
  }
  return {
    keys,
    asked,
    writes,
    refuse: () => {
      refusing = true
    },
    async serve(request, response) {
      const url = new URL(request.url ?? '/', 'http://litellm')
      asked.push(request.url ?? '')
      const send = (status: number, body: unknown) => {
        response.writeHead(status, { 'content-type': 'application/json' })
        response.end(JSON.stringify(body))
      }
      if (refusing || request.headers.authorization !== `Bearer ${masterKey()}`)
        return send(401, { error: { message: 'Invalid key' } })
      if (request.method === 'POST') return send(200, act(url.pathname, await bodyOf(request)))
      const found = keys.get(url.searchParams.get('key') ?? '')
      return found ? send(200, { info: found }) : send(404, { error: { message: 'Key not found in database' } })
    },
  }
}

async function bodyOf(request: IncomingMessage): Promise<Record<string, unknown>> {
  const chunks: Buffer[] = []
  for await (const chunk of request) chunks.push(chunk as Buffer)
  return JSON.parse(Buffer.concat(chunks).toString('utf8')) as Record<string, unknown>
}
