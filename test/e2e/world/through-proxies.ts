import { chmod, mkdtemp, readFile, rm, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { parse, stringify } from 'yaml'
import type { SandboxConnection } from '../../../src/sandbox/index.ts'
import type { Call } from './kill-points.ts'
import { type Hooks, type RecordingProxy, recordingProxy } from './recording-proxy.ts'
import { SPINE } from './spine.ts'

interface Kubeconfig {
  readonly contexts: readonly {
    readonly name: string
    readonly context: { readonly cluster: string; readonly user: string }
  }[]
  readonly clusters: readonly { readonly name: string; readonly cluster: Readonly<Record<string, string>> }[]
  readonly users: readonly { readonly name: string; readonly user: Readonly<Record<string, string>> }[]
}

async function pem(entry: Readonly<Record<string, string>>, field: string): Promise<string> {
  const inline = entry[`${field}-data`]
  if (inline !== undefined) return Buffer.from(inline, 'base64').toString('utf8')
  return await readFile(entry[field] ?? '', 'utf8')
}

async function apiServer(connection: SandboxConnection): Promise<Parameters<typeof recordingProxy>[0]> {
  const config = parse(await readFile(connection.kubeconfig, 'utf8')) as Kubeconfig
  const named = config.contexts.find(({ name }) => name === connection.context)?.context
  const cluster = config.clusters.find(({ name }) => name === named?.cluster)?.cluster
  const user = config.users.find(({ name }) => name === named?.user)?.user
  if (!cluster?.server || !user) throw new Error(`the sandbox's kubeconfig has no context ${connection.context}`)
  return {
    url: cluster.server,
    tls: {
      ca: await pem(cluster, 'certificate-authority'),
      cert: await pem(user, 'client-certificate'),
      key: await pem(user, 'client-key'),
    },
  }
}

export interface Proxied {
  readonly kube: RecordingProxy
  readonly aws: RecordingProxy
  /** Path of an `llmgw.yaml` that leads through both proxies: the way of a real account, not `--sandbox`. */
  readonly config: string
  /** Credentials of the emulator's administrator. */
  readonly env: Readonly<Record<string, string>>
  /** Calls to both so far, in the order in which they came. */
  calls(): readonly Call[]
  close(): Promise<void>
}

/**
 * Puts a proxy before each API of a sandbox, and writes the configuration and kubeconfig that lead there.
 * @param as the user whose rights at the API server the run has; absent = the administrator's
 */
export async function throughProxies(
  connection: SandboxConnection,
  hooks: { readonly kube?: Hooks; readonly aws?: Hooks },
  settings: Readonly<Record<string, unknown>> = {},
  as?: string,
): Promise<Proxied> {
  const upstream = { ...(await apiServer(connection)), ...(as === undefined ? {} : { as }) }
  const kube = await recordingProxy(upstream, hooks.kube)
  // The guard compares the kubeconfig's server with the cluster's endpoint, so both must name the proxy.
  const aws = await recordingProxy(
    { url: connection.aws.endpoint },
    {
      ...hooks.aws,
      rewrite: ({ path }) =>
        path.startsWith('/clusters/')
          ? (body) => JSON.stringify(JSON.parse(body), (key, value) => (key === 'endpoint' ? kube.url : value))
          : undefined,
    },
  )
  const dir = await mkdtemp(join(tmpdir(), 'llmgw-proxied-'))
  const kubeconfig = join(dir, 'kubeconfig')
  await writeFile(kubeconfig, stringify(kubeconfigFor(kube.url)))
  await chmod(kubeconfig, 0o600)
  const config = join(dir, 'llmgw.yaml')
  const { region, accountId, clusterName } = connection.aws
  await writeFile(
    config,
    stringify({
      apiVersion: 'llmgw/v1',
      ...SPINE,
      deployment: 'llmgw',
      aws: { region, accountId, endpointUrl: aws.url },
      cluster: { name: clusterName, connection: { kind: 'kubeconfig', path: kubeconfig, context: 'proxied' } },
      charts: { mirror: { kind: 'directory', path: join(connection.dir, 'charts') } },
      ...settings,
    }),
  )
  return {
    kube,
    aws,
    config,
    env: {
      AWS_ACCESS_KEY_ID: connection.aws.accessKeyId,
      AWS_SECRET_ACCESS_KEY: connection.aws.secretAccessKey,
    },
    calls: () =>
      [
        ...aws.seen.map((seen) => ({ api: 'aws' as const, seen })),
        ...kube.seen.map((seen) => ({ api: 'kube' as const, seen })),
      ].sort((one, other) => one.seen.at - other.seen.at),
    close: async () => {
      await Promise.all([kube.close(), aws.close()])
      await rm(dir, { recursive: true, force: true })
    },
  }
}

function kubeconfigFor(server: string): unknown {
  return {
    apiVersion: 'v1',
    kind: 'Config',
    'current-context': 'proxied',
    contexts: [{ name: 'proxied', context: { cluster: 'proxied', user: 'proxied' } }],
    clusters: [{ name: 'proxied', cluster: { server, 'insecure-skip-tls-verify': true } }],
    // The proxy shows the client certificate; a token keeps clients from looking for another way in.
    users: [{ name: 'proxied', user: { token: 'shown-to-the-proxy-only' } }],
  }
}
