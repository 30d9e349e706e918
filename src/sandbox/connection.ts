import { dirname, join } from 'node:path'
import type { ChartSource } from './charts.ts'
import { contextName } from './control-plane/kubeconfig.ts'
import type { SandboxWorld } from './part.ts'
import type { ProgramName } from './runtime/programs.ts'
import type { Settings } from './settings.ts'
import { discoveryUrl } from './upstream/identity.ts'

/** All that a command needs to reach a sandbox. Every value is fake or local; nothing here is a secret. */
export interface SandboxConnection {
  readonly name: string
  /** Folder of the sandbox. */
  readonly dir: string
  readonly kubeconfig: string
  readonly context: string
  readonly aws: SandboxWorld['aws']
  /** Path of the helm binary. */
  readonly helm: string
  /** Path of gator, which evaluates policies without a cluster. */
  readonly gator: string
  readonly serviceRange: string
  readonly oidcIssuer: string
  readonly charts: ChartSource
  /** Whether real processes stand behind pods of known images, and which. */
  readonly pods: {
    readonly kind: 'process' | 'simulated'
    readonly programs: readonly ProgramName[]
    /** The same, as shown, e.g. `LiteLLM 1.104.2`. */
    readonly real: readonly string[]
  }
  /** URL of the models that the real programs ask. */
  readonly models?: string
  /** URL at which real programs read of an identity provider; that provider is not there. */
  readonly identity?: string
}

/** The connection that these settings describe. */
export function connectionOf(world: SandboxWorld, settings: Settings): SandboxConnection {
  const { name, dir, kubeconfig, aws, tools, serviceRange, oidcIssuer } = world
  const { helm, gatekeeper } = tools
  if (helm === undefined || gatekeeper === undefined) throw new Error('helm or gatekeeper was not resolved')
  return {
    name,
    dir,
    kubeconfig,
    context: contextName(name),
    aws,
    helm,
    // Built from the same module, beside it.
    gator: join(dirname(gatekeeper), 'gator'),
    serviceRange,
    oidcIssuer,
    charts: settings.charts,
    pods: podsOf(settings),
    ...(settings.runtime?.kind === 'process' && upstreamOf(settings.runtime)),
  }
}

function upstreamOf({ upstreamPort }: { readonly upstreamPort: number }) {
  return { models: `http://127.0.0.1:${upstreamPort}`, identity: discoveryUrl(upstreamPort) }
}

function podsOf({ runtime }: Settings): SandboxConnection['pods'] {
  if (runtime?.kind !== 'process') return { kind: 'simulated', programs: [], real: [] }
  const programs = Object.values(runtime.programs)
  return { kind: 'process', programs: programs.map(({ name }) => name), real: programs.map(({ title }) => title) }
}

const quote = (value: string): string => `'${value.replaceAll("'", `'\\''`)}'`

/** Shell lines that point kubectl, helm and the AWS tools to the sandbox: `eval "$(llmgw sandbox env)"`. */
export function shellExports({ kubeconfig, aws }: SandboxConnection): string {
  const values: Readonly<Record<string, string>> = {
    KUBECONFIG: kubeconfig,
    AWS_ENDPOINT_URL: aws.endpoint,
    AWS_ACCESS_KEY_ID: aws.accessKeyId,
    AWS_SECRET_ACCESS_KEY: aws.secretAccessKey,
    AWS_REGION: aws.region,
    AWS_DEFAULT_REGION: aws.region,
    AWS_EC2_METADATA_DISABLED: 'true',
  }
  const exports = Object.entries(values).map(([name, value]) => `export ${name}=${quote(value)}\n`)
  // A profile or a session token of the user's would win over, or spoil, the fake key.
  return `${exports.join('')}unset AWS_PROFILE AWS_SESSION_TOKEN\n`
}
