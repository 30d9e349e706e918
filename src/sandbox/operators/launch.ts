import { ROLES, type Role } from './roles.ts'

export interface Addresses {
  /** Ports of 127.0.0.1. */
  readonly probePort: number
  readonly webhookPort: number
  readonly certDir: string
}

/** Flags of a Deployment that hold for a pod and not for a process on this machine; `launchArgs` sets what is needed itself. */
const NOT_FROM_CHART = new Set([
  'metrics-addr',
  'metrics-secure',
  'metrics-cert-dir',
  'metrics-cert-name',
  'metrics-key-name',
  'live-addr',
  'healthz-addr',
  'port',
  'cert-dir',
  // One process stands behind all replicas, and outside a pod there is no namespace to elect in.
  'enable-leader-election',
  'store-requeue-interval',
])

const flagName = (argument: string): string | undefined => /^--([^=]+)/.exec(argument)?.[1]

/**
 * Arguments of the process behind a Deployment: the chart's own, with addresses on loopback.
 * @param known flags of this version; the chart's image may be newer
 * @returns also the flags of the chart that this version lacks
 */
export function launchArgs(
  role: Role,
  chartArgs: readonly string[],
  { known, addresses }: { readonly known: ReadonlySet<string>; readonly addresses: Addresses },
): { readonly args: readonly string[]; readonly unknown: readonly string[] } {
  const { command, addressFlag } = ROLES[role]
  const candidates = chartArgs.filter((argument) => {
    const name = flagName(argument)
    return name !== undefined && !NOT_FROM_CHART.has(name)
  })
  const isKnown = (argument: string) => known.has(flagName(argument) ?? '')
  const ours = ['--metrics-addr=0', `--${addressFlag}=127.0.0.1:${addresses.probePort}`, ...ownFlags(role, addresses)]
  return {
    args: [...command, ...candidates.filter(isKnown), ...ours],
    unknown: candidates.filter((argument) => !isKnown(argument)).map((argument) => flagName(argument) ?? argument),
  }
}

function ownFlags(role: Role, { webhookPort, certDir }: Addresses): readonly string[] {
  if (role === 'external-secrets') return ['--store-requeue-interval=10s']
  return role === 'external-secrets-webhook' ? [`--port=${webhookPort}`, `--cert-dir=${certDir}`] : []
}

/** Flags that a `--help` text lists. */
export function flagsInHelp(help: string): ReadonlySet<string> {
  return new Set([...help.matchAll(/^\s+(?:-\w, )?--([a-z][\w-]*)/gm)].map((match) => match[1] ?? ''))
}
