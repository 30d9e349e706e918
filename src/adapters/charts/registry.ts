/** A registry, as a reference names it. */
export interface Registry {
  readonly host: string
  readonly plainHttp: boolean
}

interface Asking {
  readonly method?: 'GET' | 'HEAD'
  readonly accept?: readonly string[]
  readonly signal: AbortSignal
}

/** What a registry answered in place of what was asked for. */
export class RegistryRefusal extends Error {
  readonly status: number

  /** @param status of HTTP */
  constructor(message: string, status: number) {
    super(message)
    this.name = new.target.name
    this.status = status
  }
}

/** Host and repository of `host/path`; the short names of Docker Hub are written out. Source: distribution/reference, normalize.go. */
export function registryOf(name: string): { readonly host: string; readonly path: string } {
  const slash = name.indexOf('/')
  const first = name.slice(0, Math.max(slash, 0))
  if (!/[.:]/.test(first) && first !== 'localhost') {
    return { host: 'registry-1.docker.io', path: slash < 0 ? `library/${name}` : name }
  }
  return { host: first === 'docker.io' ? 'registry-1.docker.io' : first, path: name.slice(slash + 1) }
}

/**
 * Asks below `/v2/`, as somebody without an account; a registry that wants a token for that gives one.
 * Source: OCI distribution specification 1.1; Docker registry token authentication.
 * @throws RegistryRefusal of any answer but a success
 */
export async function askRegistry({ host, plainHttp }: Registry, path: string, asking: Asking): Promise<Response> {
  const url = `${plainHttp ? 'http' : 'https'}://${host}/v2/${path}`
  const first = await ask(url, asking)
  const challenge = first.headers.get('www-authenticate')
  const answer = first.status === 401 && challenge ? await ask(url, asking, await token(challenge, asking)) : first
  if (answer.ok) return answer
  throw new RegistryRefusal(`${url}: HTTP ${answer.status}`, answer.status)
}

const ask = (url: string, { method = 'GET', accept = [], signal }: Asking, bearer?: string): Promise<Response> =>
  fetch(url, {
    method,
    signal,
    headers: {
      ...(accept.length > 0 ? { accept: accept.join(', ') } : {}),
      ...(bearer === undefined ? {} : { authorization: `Bearer ${bearer}` }),
    },
  })

async function token(challenge: string, { signal }: Asking): Promise<string> {
  const fields = new Map([...challenge.matchAll(/(\w+)="([^"]*)"/g)].map(([, key = '', value = '']) => [key, value]))
  const url = new URL(fields.get('realm') ?? '')
  for (const key of ['service', 'scope']) if (fields.has(key)) url.searchParams.set(key, fields.get(key) ?? '')
  const answer = await fetch(url, { signal })
  if (!answer.ok) throw new Error(`${url.origin}: HTTP ${answer.status} for a token`)
  const { token: given, access_token: other } = (await answer.json()) as { token?: unknown; access_token?: unknown }
  return String(given ?? other)
}
