import { randomBytes } from 'node:crypto'
import { mkdir } from 'node:fs/promises'
import { steps } from '../../steps/index.ts'
import { checks } from '../../steps/verify/index.ts'
import { connectAws } from '../adapters/aws/connect-aws.ts'
import { inOwnFolder } from '../adapters/own-folder.ts'
import { type LoadedConfig, loadConfig } from '../config/load.ts'
import type { Random } from '../ports/index.ts'
import type { SandboxConnection } from '../sandbox/index.ts'
import { createAssets, packageRoot } from './assets.ts'
import { createClusterConnector } from './connect-cluster.ts'
import { imageLook } from './doctor/image-look.ts'
import { cacheFolder, runFolder } from './folders.ts'
import { breakLock, findLock, lockPlatform } from './lock-platform.ts'
import { progressLines } from './progress-lines.ts'
import { type AskableValues, createProvidedValues, readSecretsFile } from './provided-values.ts'
import { madeUpValue, sandboxConfig, withoutForeignSettings } from './sandbox-world.ts'
import { systemClock } from './system-clock.ts'
import type { World, WorldRequest } from './world.ts'

const systemRandom: Random = { hex: (bytes) => randomBytes(bytes).toString('hex') }

/** Joins configuration, adapters and steps; the only place that knows all of them. */
export async function openWorld(request: WorldRequest): Promise<World> {
  const sandbox = await startSandbox(request)
  const loaded = await load(request, sandbox)
  const { host } = request
  const env = sandbox ? withoutForeignSettings(host.env) : host.env
  const runDir = runFolder(host.env)
  await inOwnFolder(runDir, () => mkdir(runDir, { recursive: true, mode: 0o700 }))
  const aws = connectAws({ ...awsOptions(loaded, sandbox), onDelay: request.onDelay })
  const assets = createAssets(packageRoot())
  const clusters = createClusterConnector({
    loaded,
    sandbox,
    aws,
    assets,
    clock: systemClock,
    env,
    cacheDir: cacheFolder(host.env),
    runDir,
    onDelay: request.onDelay,
    started: (args) => {
      if (request.flags.debug) host.stderr.write(`started: ${args.join(' ')}\n`)
    },
  })
  return {
    loaded,
    ...(sandbox ? { sandbox: shown(sandbox) } : {}),
    aws,
    credentialsEnd: aws.credentialsEnd,
    helmTool: clusters.helmTool,
    // An account of one's own making, the sandbox's too, has no nodes that pull anything.
    ...(sandbox || loaded.config.aws.endpointUrl ? {} : { images: imageLook(request) }),
    connect: clusters.connect,
    lock: (kube, wanted) => lockPlatform(kube, systemClock, wanted),
    findLock,
    breakLock,
    assets,
    clock: systemClock,
    random: systemRandom,
    provided: await providedValues(request, loaded, sandbox),
    steps,
    checks,
    startedProcesses: clusters.startedProcesses,
    close: clusters.close,
  }
}

async function startSandbox({ flags, host, signal }: WorldRequest): Promise<SandboxConnection | undefined> {
  if (flags.sandbox === undefined) return undefined
  const { up } = await import('../sandbox/index.ts')
  const progress = progressLines(host.stderr)
  try {
    return await up({ name: flags.sandbox, shell: host.env }, progress.line, signal)
  } finally {
    progress.end()
  }
}

async function load({ flags, host }: WorldRequest, sandbox: SandboxConnection | undefined): Promise<LoadedConfig> {
  return await loadConfig({
    file: flags.config,
    cwd: host.cwd,
    env: host.env,
    flags: flags.timeout === undefined ? [] : [{ flag: '--timeout', path: ['timeouts', 'step'], value: flags.timeout }],
    ...(sandbox ? { builtIn: sandboxConfig(sandbox) } : {}),
  })
}

function awsOptions({ config }: LoadedConfig, sandbox: SandboxConnection | undefined) {
  const { region, profile, endpointUrl } = config.aws
  if (!sandbox) return { region, profile, endpointUrl }
  const { accessKeyId, secretAccessKey, endpoint } = sandbox.aws
  return { region, endpointUrl: endpoint, credentials: { accessKeyId, secretAccessKey } }
}

const hasDatabase = ({ pods }: Pick<SandboxConnection, 'pods'>): boolean => pods.programs.includes('postgres')

const shown = ({ name, charts, pods }: SandboxConnection): NonNullable<World['sandbox']> => ({
  name,
  standIns: charts.kind === 'stand-in',
  database: hasDatabase({ pods }),
})

async function providedValues(
  { flags, host, report }: WorldRequest,
  { config }: LoadedConfig,
  sandbox: SandboxConnection | undefined,
): Promise<AskableValues> {
  const file = flags.secretsFile === undefined ? {} : await readSecretsFile(host.cwd, flags.secretsFile, report)
  // The environment wins over the file, as everywhere.
  const given = { ...file, ...host.env }
  if (!sandbox) return createProvidedValues(given)
  const { databaseUrl } = await import('../sandbox/index.ts')
  const database = hasDatabase(sandbox) ? await databaseUrl() : undefined
  const known = { random: systemRandom, identity: sandbox.identity, database }
  return createProvidedValues(given, (name) => madeUpValue(config, name, known))
}
