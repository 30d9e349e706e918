import type { SandboxWorld } from '../part.ts'
import type { Deployment } from './objects.ts'

/** Programs that are built from the module of an operator. */
export type OperatorTool = 'external-secrets' | 'gatekeeper' | 'prometheus-operator'

/** What a process is given in the place of a pod's own addresses and volumes. Ports are of 127.0.0.1. */
export interface Addresses {
  readonly probePort: number
  readonly webhookPort: number
  readonly metricsPort: number
  /** Folder like the volume of the webhook's certificate. */
  readonly certDir: string
  /** Folder of its own, for what a pod would keep in an emptyDir. */
  readonly scratchDir: string
}

/** One Deployment of an operator, and the process that stands behind all its replicas. */
export interface RoleDefinition {
  /** Sub-command of the program. */
  readonly command: readonly string[]
  /** Flags of the Deployment that hold for a pod and not for a process on this machine. */
  readonly podFlags: readonly string[]
  /** Flags in their place: every address on loopback. */
  readonly flags: (addresses: Addresses) => readonly string[]
  /** Path of the probe on `probePort` that decides whether the pods are ready. */
  readonly probePath: string
  /** It serves a webhook: port 443 of its Service leads to `webhookPort`. */
  readonly webhook?: boolean
  /** It reads a certificate from the first Secret that its Deployment mounts, which another process fills, or it does so itself. */
  readonly certificate?: 'filled-by-another' | 'filled-by-itself'
  /** What it looks up once at its start, and ends without: API path -> plural names. */
  readonly kinds?: Readonly<Record<string, readonly string[]>>
  /** It reads its own Pod through the API, so its process lives as long as that Pod. */
  readonly ownPod?: boolean
}

/** A program that runs for real behind simulated pods. To add one: a pin in `sandbox/go/<tool>`, a file in `catalog/`, and a line in `catalog.ts`. */
export interface OperatorDefinition {
  /** Folder of its pin, and its name in the cache, in the settings and in what outputs list as built. */
  readonly tool: OperatorTool
  /** How sentences name it. */
  readonly title: string
  /** First part of the names of its processes and logs. */
  readonly prefix: string
  /** Label of its Deployments and Pods whose value is the role. */
  readonly roleLabel: string
  readonly roles: Readonly<Record<string, RoleDefinition>>
  /** Version of its chart, as the Deployment tells it; undefined where it does not. */
  readonly chartVersion: (deployment: Deployment) => string | undefined
  /** Variables of its processes besides KUBECONFIG. */
  readonly environment: (world: SandboxWorld, pod: PodIdentity) => Readonly<Record<string, string>>
}

/** The Pod for which a process stands. */
interface PodIdentity {
  readonly name: string
  readonly namespace: string
}

/** Label selector of all Deployments and Pods that an operator's processes stand behind. */
export const selectorOf = ({ roleLabel, roles }: OperatorDefinition): string =>
  `${roleLabel} in (${Object.keys(roles).join(',')})`

/** The role that these labels give, or undefined. */
export function roleOf(
  { roleLabel, roles }: OperatorDefinition,
  labels: Readonly<Record<string, string>> | undefined,
): string | undefined {
  const role = labels?.[roleLabel]
  return role !== undefined && Object.hasOwn(roles, role) ? role : undefined
}

/** Version of the first container's image. */
export function versionOfImage({ spec }: Deployment): string | undefined {
  return /:v?(\d[^@/]*)/.exec(spec.template.spec.containers[0]?.image ?? '')?.[1]
}

/** Version in the label `helm.sh/chart: <name>-<version>`. */
export function versionInChartLabel({ metadata }: Deployment): string | undefined {
  return /-(\d[^/]*)$/.exec(metadata.labels?.['helm.sh/chart'] ?? '')?.[1]
}
