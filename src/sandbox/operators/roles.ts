import type { Deployment } from './objects.ts'

/** The Deployments of the External Secrets chart, by their label `app.kubernetes.io/name`, and the command that each runs. */
export const ROLES = {
  'external-secrets': { command: [], addressFlag: 'live-addr', probePath: '/healthz' },
  'external-secrets-webhook': { command: ['webhook'], addressFlag: 'healthz-addr', probePath: '/readyz' },
  'external-secrets-cert-controller': {
    command: ['certcontroller'],
    addressFlag: 'healthz-addr',
    probePath: '/readyz',
  },
} as const

export type Role = keyof typeof ROLES

const ROLE_LABEL = 'app.kubernetes.io/name'

/** Label selector of all Deployments and Pods that real processes stand behind. */
export const ROLE_SELECTOR = `${ROLE_LABEL} in (${Object.keys(ROLES).join(',')})`

/** The role that these labels give, or undefined. */
export function roleOf(labels: Readonly<Record<string, string>> | undefined): Role | undefined {
  const name = labels?.[ROLE_LABEL]
  return name !== undefined && name in ROLES ? (name as Role) : undefined
}

/** Version of the chart, from its label `helm.sh/chart: external-secrets-2.9.0`. */
export function chartVersion(deployment: Deployment): string | undefined {
  return /-(\d[^/]*)$/.exec(deployment.metadata.labels?.['helm.sh/chart'] ?? '')?.[1]
}
