import { join } from 'node:path'
import type { AwsConnection } from '../adapters/aws/connect-aws.ts'
import { eksToken } from '../adapters/aws/eks-token.ts'
import { createCharts } from '../adapters/charts/create-charts.ts'
import { createHelm } from '../adapters/helm/create-helm.ts'
import { type Kubeconfig, writeKubeconfig } from '../adapters/helm/kubeconfig.ts'
import { createHelmRunner, type HelmRunner } from '../adapters/helm/runner.ts'
import { openServer } from '../adapters/kube/connection.ts'
import { connectKube, createReadiness, type KubeConnection } from '../adapters/kube/index.ts'
import type { LoadedConfig } from '../config/load.ts'
import { PreflightError } from '../errors.ts'
import type { Assets, Clock, EksCluster, Kube } from '../ports/index.ts'
import type { SandboxConnection } from '../sandbox/index.ts'
import { Secret } from '../secret.ts'
import { findHelm } from './find-helm.ts'
import { chartLock } from './supply/chart-lock.ts'
import type { ClusterConnection, World } from './world.ts'

export interface ConnectorOptions {
  readonly loaded: LoadedConfig
  readonly sandbox: SandboxConnection | undefined
  readonly aws: AwsConnection
  readonly assets: Assets
  readonly clock: Clock
  /** For helm and for proxies. */
  readonly env: Readonly<Record<string, string | undefined>>
  readonly cacheDir: string
  readonly runDir: string
  readonly onDelay: (message: string) => void
  /** Told the command line of each process. */
  readonly started: (args: readonly string[]) => void
}

type Connector = Pick<World, 'connect' | 'helmTool' | 'startedProcesses' | 'close'>

/** Connects Kubernetes and Helm to one cluster. */
export function createClusterConnector(options: ConnectorOptions): Connector {
  let processes = 0
  let kubeconfig: Promise<Kubeconfig> | undefined
  const findBinary = async () => options.sandbox?.helm ?? (await findHelm(options.env, options.cacheDir))
  // One for all: it asks for helm's version once.
  let runner: Promise<HelmRunner> | undefined
  const helmRunner = (): Promise<HelmRunner> => {
    runner ??= findBinary().then((binary) =>
      createHelmRunner({
        binary,
        // What helm keeps of an API server is worth nothing after a sandbox, whose ports are its own: it goes with it.
        home: join(options.sandbox?.dir ?? options.cacheDir, 'helm'),
        env: options.env,
        starting(args) {
          processes += 1
          options.started(['helm', ...args])
        },
      }),
    )
    return runner
  }
  return {
    async connect(cluster) {
      const { connection, server } = await describe(options, cluster)
      const kube = await connectKube(connection, { environment: options.env, onDelay: options.onDelay })
      const written = (): Promise<Kubeconfig> => {
        if (connection.kind !== 'eks') throw new Error('a named kubeconfig is used as it is')
        kubeconfig ??= writeKubeconfig(options.runDir, {
          ...connection,
          token: async () => new Secret(await connection.token()),
        })
        return kubeconfig
      }
      const helm = await openHelm(options, {
        kube,
        runner: await helmRunner(),
        kubeconfig: connection.kind === 'eks' ? written : async () => named(connection, options.env),
      })
      return {
        kube,
        readiness: createReadiness(kube, options.clock),
        helm,
        streams: async () => {
          const { createPodStreams } = await import('../adapters/kube/port-forward.ts')
          return createPodStreams(await openServer(connection, options.env))
        },
        ...(server === undefined ? {} : { server }),
      }
    },
    helmTool: async () => ({ path: await findBinary(), version: await (await helmRunner()).version() }),
    startedProcesses: () => processes,
    async close() {
      await (await kubeconfig?.catch(() => undefined))?.close()
    },
  }
}

async function describe(
  { loaded, sandbox, aws, env }: ConnectorOptions,
  cluster: EksCluster,
): Promise<{ readonly connection: KubeConnection; readonly server?: string }> {
  const { config } = loaded
  // The emulator's cluster has no API server: the sandbox's own one stands in for it.
  if (sandbox) return { connection: { kind: 'kubeconfig', path: sandbox.kubeconfig, context: sandbox.context } }
  if (config.cluster.connection.kind === 'kubeconfig') {
    const connection = { ...config.cluster.connection }
    const server = await openServer(connection, env)
    server.close()
    return { connection, server: server.url.href }
  }
  const token = eksToken({ region: config.aws.region, clusterName: cluster.name, credentials: aws.credentials })
  const { endpoint, certificateAuthority } = cluster
  return { connection: { kind: 'eks', endpoint, certificateAuthority, token: async () => (await token()).token } }
}

interface HelmParts {
  readonly kube: Kube
  readonly runner: HelmRunner
  readonly kubeconfig: () => Promise<{ readonly path: string; readonly context?: string }>
}

async function openHelm(options: ConnectorOptions, parts: HelmParts): Promise<ClusterConnection['helm']> {
  const { loaded, sandbox, assets, cacheDir, runDir, clock } = options
  const { config } = loaded
  const charts = createCharts({
    lock: await chartLock(loaded, assets),
    mirror: config.charts.mirror ?? sandbox?.charts.mirror,
    cacheDir: join(cacheDir, 'charts'),
    run: (call) => parts.runner.run(call),
  })
  return createHelm({ ...parts, charts, deployment: config.deployment, runDir, clock })
}

/** Helm takes one file: the one that is named, or the one that kubectl would read. */
function named(
  connection: Extract<KubeConnection, { readonly kind: 'kubeconfig' }>,
  env: ConnectorOptions['env'],
): { readonly path: string; readonly context: string } {
  const { context } = connection
  const path = connection.path ?? (env.KUBECONFIG || join(env.HOME ?? '', '.kube', 'config'))
  if (!path.includes(':')) return { path, context }
  throw new PreflightError('KubeconfigList', `KUBECONFIG lists several files (${path}), helm takes one`, {
    hint: `set cluster.connection.path to the file that holds context "${context}"`,
  })
}
