import type { Check } from '../../steps/verify/index.ts'
import type { PodStreams } from '../adapters/kube/port-forward.ts'
import type { LoadedConfig } from '../config/load.ts'
import type {
  Assets,
  Clock,
  Eks,
  EksCluster,
  Helm,
  Iam,
  Kube,
  LlmgwStep,
  Random,
  Readiness,
  SecretsManager,
  Sts,
} from '../ports/index.ts'
import type { GlobalFlags, LookFlags } from './flags.ts'
import type { Host } from './host.ts'
import type { AskableValues } from './provided-values.ts'

export interface WorldRequest {
  readonly flags: GlobalFlags & Partial<Pick<LookFlags, 'timeout' | 'secretsFile'>>
  readonly host: Host
  readonly signal: AbortSignal
  /** What is being prepared, one line, e.g. the start of the sandbox. */
  readonly report: (line: string) => void
  /** Why a call to AWS or the API server is still being tried, one sentence. */
  readonly onDelay: (message: string) => void
}

/** The connected cluster. */
export interface ClusterConnection {
  readonly kube: Kube
  readonly readiness: Readiness
  readonly helm: Helm
  /** Connections into pods, made when they are really needed. */
  streams(): Promise<PodStreams>
  /** URL of the API server, where it is known. */
  readonly server?: string
}

export interface LockRequest {
  readonly deployment: string
  /** As the other run is told. */
  readonly command: string
  readonly signal: AbortSignal
  readonly report: (line: string) => void
}

/** The lock of one run. */
export interface HeldLock {
  /** Throws when it is no longer ours. */
  assertHeld(): void | Promise<void>
  /** Aborts when it was lost. */
  readonly lost: AbortSignal
  release(): Promise<void>
}

/** Who holds a lock, as others see it. Times are ISO 8601. */
export interface LockHolder {
  readonly holder: string
  readonly host: string | undefined
  readonly since: string | undefined
  readonly command: string | undefined
  /** Last sign of life, by the clock of the holder's machine. */
  readonly renewed: string | undefined
  /** Silence after which another run takes over. */
  readonly expiresAfterMs: number
}

/** Images that the configuration runs, and whoever has them. */
export interface ImageLook {
  /** References, as the charts render with our values; starts helm. */
  list(signal: AbortSignal): Promise<readonly string[]>
  /** @throws PreflightError ImageMissing, ImageUnavailable with the registry's answer as cause */
  ask(image: string, signal: AbortSignal): Promise<void>
}

/** Everything outside the program that a command works with. Built once a run; nothing is asked before it is used. */
export interface World {
  readonly loaded: LoadedConfig
  /** Set on the sandbox; `standIns`: charts of ours in the place of the real ones are used; `database`: a PostgreSQL is there. */
  readonly sandbox?: { readonly name: string; readonly standIns: boolean; readonly database: boolean }
  readonly aws: { readonly iam: Iam; readonly secretsManager: SecretsManager; readonly eks: Eks; readonly sts: Sts }
  /** When the AWS credentials end, in ms since the epoch; undefined = they name no end. */
  credentialsEnd(signal?: AbortSignal): Promise<number | undefined>
  /** The helm that would be started, and its version. @throws PreflightError HelmMissing, HelmTooOld */
  helmTool(): Promise<{ readonly path: string; readonly version: string }>
  /** Absent where nothing is pulled from a registry. */
  readonly images?: ImageLook
  /** Connects to the cluster that was found; makes no call. */
  connect(cluster: EksCluster): Promise<ClusterConnection>
  /** @throws LockedError when another run holds it */
  lock(kube: Kube, request: LockRequest): Promise<HeldLock>
  /** Who holds the lock of a deployment; undefined when nobody does. */
  findLock(kube: Kube, deployment: string, signal: AbortSignal): Promise<LockHolder | undefined>
  /** Takes it away from this holder; false when somebody else, or nobody, has it. */
  breakLock(
    kube: Kube,
    lock: { readonly deployment: string; readonly holder: string },
    signal: AbortSignal,
  ): Promise<boolean>
  readonly assets: Assets
  readonly clock: Clock
  readonly random: Random
  readonly provided: AskableValues
  readonly steps: readonly LlmgwStep<unknown>[]
  readonly checks: readonly Check[]
  /** How many processes were started so far. */
  startedProcesses(): number
  /** Ends connections and children, removes temporary files. */
  close(): Promise<void>
}

export type OpenWorld = (request: WorldRequest) => Promise<World>
