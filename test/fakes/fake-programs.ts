import type { RequestListener } from 'node:http'
import { MODELS } from './fake-litellm.ts'

/** What one of them answers: status, body, headers. */
type Reply = readonly [status: number, body: unknown, headers?: Readonly<Record<string, string>>]

export interface FakePrograms {
  /** By path, without the query; a test changes what it wants broken. */
  readonly webUi: Record<string, Reply>
  readonly jaeger: Record<string, Reply>
  readonly prometheus: Record<string, Reply>
  readonly serveWebUi: RequestListener
  readonly serveJaeger: RequestListener
  readonly servePrometheus: RequestListener
}

const LOGIN =
  'https://login.example.com/authorize?client_id=planted&state=abc&nonce=def' +
  '&redirect_uri=http%3A%2F%2Flocalhost%3A8080%2Foauth%2Foidc%2Fcallback'

const POOLS = [
  'serviceMonitor/monitoring/litellm/0',
  'serviceMonitor/monitoring/redis/0',
  'serviceMonitor/monitoring/jaeger/0',
  'podMonitor/monitoring/external-secrets/0',
]

/** Open WebUI, Jaeger and Prometheus, as far as they are asked. */
export function fakePrograms(): FakePrograms {
  const webUi: Record<string, Reply> = {
    '/health/db': [200, { status: true }],
    '/oauth/oidc/login': [302, '', { location: LOGIN }],
    '/api/config': [200, { features: { auth: true, enable_signup: false, enable_login_form: true } }],
    '/api/v1/auths/signin': [200, { token: 'planted-session', role: 'admin' }],
    '/api/models': [200, { data: [...MODELS, 'arena-model'].map((id) => ({ id })) }],
  }
  const jaeger: Record<string, Reply> = { '/api/services': [200, { data: ['litellm', 'open-webui'] }] }
  const activeTargets = POOLS.map((scrapePool) => ({ scrapePool, health: 'up', lastError: '' }))
  const prometheus: Record<string, Reply> = { '/api/v1/targets': [200, { status: 'success', data: { activeTargets } }] }
  return {
    webUi,
    jaeger,
    prometheus,
    serveWebUi: serve(webUi),
    serveJaeger: serve(jaeger),
    servePrometheus: serve(prometheus),
  }
}

function serve(replies: Readonly<Record<string, Reply>>): RequestListener {
  return (request, response) => {
    const { pathname } = new URL(request.url ?? '/', 'http://program')
    const [status, body, headers = {}] = replies[pathname] ?? [404, 'not found']
    response.writeHead(status, headers).end(typeof body === 'string' ? body : JSON.stringify(body))
  }
}
