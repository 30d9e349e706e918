import type { Programs } from './runtime/programs.ts'

/** A running sandbox on disk and its settings; every part gets it. All servers listen on 127.0.0.0/8. */
export interface SandboxWorld {
  /** Name of the sandbox; several can run side by side. */
  readonly name: string
  /** Folder (0700) that holds everything of this sandbox; `down` removes it whole. */
  readonly dir: string
  /** Admin kubeconfig, 0600. */
  readonly kubeconfig: string
  /** Service range in 127.0.0.0/8, one per sandbox, e.g. `127.96.0.0/16`. */
  readonly serviceRange: string
  /** Issuer of ServiceAccount tokens = the EKS cluster's OIDC issuer, `https://oidc.eks.<region>.amazonaws.com/id/<ID>`. */
  readonly oidcIssuer: string
  readonly aws: {
    /** `http://127.0.0.1:<port>` */
    readonly endpoint: string
    readonly region: string
    readonly accountId: string
    /** Fake credentials that the emulator takes for an administrator's. */
    readonly accessKeyId: string
    readonly secretAccessKey: string
    readonly clusterName: string
  }
  /** Absolute paths of the tools, by name: etcd, kube-apiserver, …, helm, external-secrets, gatekeeper, python. */
  readonly tools: Readonly<Record<string, string>>
  /** Programs that stand behind Pods of known images; undefined where every pod is simulated. */
  readonly programs?: Programs | undefined
  /** Port of 127.0.0.1 of the local model upstream. */
  readonly upstreamPort?: number | undefined
  /** Folder with kwok Stages in place of ours of the same file name, or beside them. */
  readonly stages?: string | undefined
  /** What every child of the sandbox inherits: the caller's environment without what would mislead a tool (KUBECONFIG, HELM_*, AWS_*, GOFLAGS). */
  readonly environment: Readonly<Record<string, string>>
}

export type PartHealth =
  | { readonly state: 'running'; readonly detail: string; readonly pids: readonly number[] }
  /** Not started because nothing asks for it yet, e.g. an operator that is not deployed. */
  | { readonly state: 'idle'; readonly detail: string }
  | { readonly state: 'down'; readonly detail: string }

/** One thing that `up` starts, `status` looks at and `down` ends. */
export interface Part {
  readonly name: string
  /** Idempotent: starts what is not running, leaves what is; resolves when it answers. */
  start(world: SandboxWorld, report: (line: string) => void, signal: AbortSignal): Promise<void>
  /** Looks, never guesses from a pid file alone. */
  health(world: SandboxWorld): Promise<PartHealth>
  /** Ends its own processes by id and waits for their end; succeeds when nothing runs. */
  stop(world: SandboxWorld): Promise<void>
}
