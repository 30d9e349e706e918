import { Agent as HttpAgent } from 'node:http'
import { Agent as HttpsAgent, type RequestOptions } from 'node:https'
import type { KubeConfig } from '@kubernetes/client-node'
import { PreflightError } from '../../errors.ts'
import { type PlainContext, plainContext } from './plain-kubeconfig.ts'
import { type Environment, proxyFor } from './proxy.ts'

/** Which API server, and as whom. */
export type KubeConnection =
  /** A context of a kubeconfig; without `path` the default one (`KUBECONFIG`, `~/.kube/config`). The context is always named. */
  | { readonly kind: 'kubeconfig'; readonly path?: string | undefined; readonly context: string }
  /** As EKS DescribeCluster gives it; `certificateAuthority` is base64 PEM, `token` is asked before each call and may cache. */
  | {
      readonly kind: 'eks'
      readonly endpoint: string
      readonly certificateAuthority: string
      readonly token: () => Promise<string>
    }

type Agent = HttpAgent | HttpsAgent

/** An API server to talk to. */
export interface Server {
  readonly url: URL
  /** Headers that authenticate, and the agent that keeps connections alive; asked before each call, so tokens may change. */
  authorize(
    use: 'call' | 'watch',
  ): Promise<{ readonly headers: Readonly<Record<string, string>>; readonly agent: Agent }>
  close(): void
}

type Tls = Pick<RequestOptions, 'ca' | 'cert' | 'key' | 'pfx' | 'passphrase' | 'servername' | 'rejectUnauthorized'>

/** Parallel reads share some connections: each new one costs a TLS handshake. Watches hold theirs, so they have an agent of their own. */
const CALL_SOCKETS = 32

/** @throws PreflightError when the kubeconfig or its context cannot be used */
export async function openServer(connection: KubeConnection, environment: Environment): Promise<Server> {
  return connection.kind === 'eks' ? eksServer(connection, environment) : kubeconfigServer(connection, environment)
}

function eksServer(connection: Extract<KubeConnection, { kind: 'eks' }>, environment: Environment): Server {
  const url = new URL(connection.endpoint)
  const tls: Tls = { ca: Buffer.from(connection.certificateAuthority, 'base64') }
  const agents = agentPool(url, proxyFor(url, environment))
  return {
    url,
    close: agents.close,
    async authorize(use) {
      const token = await connection.token()
      return { headers: { authorization: `Bearer ${token}` }, agent: await agents.agent(use, tls) }
    },
  }
}

async function kubeconfigServer(
  { path, context }: Extract<KubeConnection, { kind: 'kubeconfig' }>,
  environment: Environment,
): Promise<Server> {
  const plain = path === undefined ? undefined : await plainContext(path, context)
  if (plain) return plainServer(plain, environment)
  const config = await loadKubeconfig(path, context)
  const cluster = config.getCurrentCluster()
  if (!cluster) throw unusable(path, `context "${context}" names a cluster that is not in the file`)
  const url = new URL(cluster.server)
  const agents = agentPool(url, cluster.proxyUrl ?? proxyFor(url, environment))
  return {
    url,
    close: agents.close,
    async authorize(use) {
      const options: RequestOptions = {}
      try {
        await config.applyToHTTPSOptions(options)
      } catch (error) {
        throw credentialsFailed(context, error)
      }
      const { ca, cert, key, pfx, passphrase, servername, rejectUnauthorized } = options
      const tls: Tls = { ca, cert, key, pfx, passphrase, servername, rejectUnauthorized }
      return { headers: authorization(options), agent: await agents.agent(use, tls) }
    },
  }
}

function plainServer({ server, proxyUrl, token, tls }: PlainContext, environment: Environment): Server {
  const url = new URL(server)
  const agents = agentPool(url, proxyUrl ?? proxyFor(url, environment))
  const headers: Record<string, string> = token === undefined ? {} : { authorization: `Bearer ${token}` }
  return {
    url,
    close: agents.close,
    authorize: async (use) => ({ headers, agent: await agents.agent(use, tls) }),
  }
}

async function loadKubeconfig(path: string | undefined, context: string): Promise<KubeConfig> {
  // 4.5 MB of generated client come with it: only who uses a kubeconfig pays.
  const client = await import('@kubernetes/client-node')
  const config = new client.KubeConfig()
  try {
    if (path === undefined) config.loadFromDefault()
    else config.loadFromFile(path)
  } catch (error) {
    throw unusable(path, error instanceof Error ? error.message : String(error))
  }
  if (!config.getContextObject(context)) {
    const names = config.getContexts().map(({ name }) => name)
    throw unusable(path, `it has no context "${context}"; found: ${names.join(', ') || 'none'}`)
  }
  config.setCurrentContext(context)
  return config
}

function authorization(options: RequestOptions): Record<string, string> {
  const headers: Record<string, string> = {}
  for (const [name, value] of Object.entries(options.headers ?? {})) {
    if (value !== undefined) headers[name.toLowerCase()] = String(value)
  }
  if (typeof options.auth === 'string') headers.authorization = `Basic ${Buffer.from(options.auth).toString('base64')}`
  return headers
}

/** Keep-alive agents, made anew when the client certificate changes. */
function agentPool(url: URL, proxyUrl: string | undefined) {
  const pool = new Map<'call' | 'watch', { readonly tls: string; readonly agent: Agent }>()
  const make = async (use: 'call' | 'watch', tls: Tls): Promise<Agent> => {
    const shared = { keepAlive: true, keepAliveMsecs: 15_000, ...(use === 'call' ? { maxSockets: CALL_SOCKETS } : {}) }
    if (proxyUrl !== undefined) {
      const { HttpsProxyAgent } = await import('hpagent')
      return new HttpsProxyAgent({ ...shared, ...defined(tls), proxy: proxyUrl })
    }
    return url.protocol === 'http:' ? new HttpAgent(shared) : new HttpsAgent({ ...shared, ...defined(tls) })
  }
  return {
    async agent(use: 'call' | 'watch', tls: Tls): Promise<Agent> {
      const print = [tls.ca, tls.cert, tls.key, tls.pfx].map(String).join('|')
      const known = pool.get(use)
      if (known?.tls === print) return known.agent
      const agent = await make(use, tls)
      pool.set(use, { tls: print, agent })
      return agent
    },
    close(): void {
      for (const { agent } of pool.values()) agent.destroy()
      pool.clear()
    },
  }
}

function defined<T extends object>(options: T): T {
  return Object.fromEntries(Object.entries(options).filter(([, value]) => value !== undefined)) as T
}

function unusable(path: string | undefined, why: string): PreflightError {
  return new PreflightError('KubeconfigUnusable', `cannot use ${path ?? 'the default kubeconfig'}: ${why}`, {
    hint: 'name a context of your kubeconfig: kubectl config get-contexts',
  })
}

function credentialsFailed(context: string, error: unknown): PreflightError {
  return new PreflightError('KubeUnauthorized', `context "${context}" gives no credentials`, {
    cause: error instanceof Error ? error.message : String(error),
    hint: 'log in again (the credential plugin of this context failed)',
  })
}
