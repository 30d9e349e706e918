import type { Access } from '../../../src/ports/index.ts'
import type { Seen } from './recording-proxy.ts'

const VERBS: Readonly<Record<string, string>> = { POST: 'create', PATCH: 'patch', PUT: 'update' }

/** What RBAC calls a request to an API server; undefined for discovery, which every authenticated user may read. */
export function accessOf({ method, path }: Pick<Seen, 'method' | 'path'>): Access | undefined {
  const [bare = '', query = ''] = path.split('?')
  const parts = bare.split('/').filter((part) => part !== '')
  const rest = parts[0] === 'api' ? parts.slice(2) : parts[0] === 'apis' ? parts.slice(3) : []
  const group = parts[0] === 'apis' ? (parts[1] ?? '') : ''
  const namespaced = rest[0] === 'namespaces' && rest.length > 2
  const [resource, name, sub] = namespaced ? rest.slice(2) : rest
  if (resource === undefined) return undefined
  const verb = verbOf(method, name !== undefined, query)
  const where = namespaced && rest[1] !== undefined ? { namespace: rest[1] } : {}
  return { verb, group, resource: sub === undefined ? resource : `${resource}/${sub}`, ...where }
}

function verbOf(method: string, named: boolean, query: string): string {
  if (method === 'DELETE') return named ? 'delete' : 'deletecollection'
  if (method !== 'GET') return VERBS[method] ?? method.toLowerCase()
  if (new URLSearchParams(query).has('watch')) return 'watch'
  return named ? 'get' : 'list'
}
