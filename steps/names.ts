import type { Config } from '../src/config/schema.ts'
import type { Services } from '../src/ports/index.ts'

type SecretItem = Config['secrets']['items'][string]

/** Names of Helm releases, and the key of their chart in the lock file. */
export const RELEASES = {
  externalSecrets: { name: 'external-secrets', chart: 'external-secrets' },
  monitoring: { name: 'kube-prometheus', chart: 'kube-prometheus-stack' },
  jaeger: { name: 'jaeger', chart: 'jaeger' },
  gatekeeper: { name: 'gatekeeper', chart: 'gatekeeper' },
  redis: { name: 'redis', chart: 'redis-ha' },
  litellm: { name: 'litellm', chart: 'litellm' },
  openWebUi: { name: 'open-webui', chart: 'open-webui' },
} as const

/** Name in AWS Secrets Manager. */
export function remoteName({ secrets }: Config, item: SecretItem): string {
  return `${secrets.prefix}${item.remote}`
}

/** On the ServiceAccount of pods that take on a role. Source: Amazon EKS user guide, IAM roles for service accounts. */
export const ROLE_ANNOTATION = 'eks.amazonaws.com/role-arn'

/** Whom tokens that are taken on for a role are for. Source: the same page. */
export const ROLE_AUDIENCE = 'sts.amazonaws.com'

/** ARN of a role that we make: without a path. */
export function roleArn({ target }: Pick<Services, 'target'>, roleName: string): string {
  return `arn:${target.partition}:iam::${target.accountId}:role/${roleName}`
}

/** ARN of the IAM provider that trusts the cluster's issuer. */
export function oidcProviderArn({ target }: Pick<Services, 'target'>): string {
  return `arn:${target.partition}:iam::${target.accountId}:oidc-provider/${target.oidcIssuer}`
}

/** Configured names of namespaces, each once. */
export function namespaceNames({ namespaces }: Config): readonly string[] {
  return [...new Set(Object.values(namespaces))]
}

/** Milliseconds of a configured duration, e.g. `5m`. */
export function durationMs(text: string): number {
  const unit = { s: 1_000, m: 60_000, h: 3_600_000 }[text.at(-1) ?? '']
  return Number(text.slice(0, -1)) * (unit ?? Number.NaN)
}
