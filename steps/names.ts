import type { Config } from '../src/config/schema.ts'
import type { Services } from '../src/ports/index.ts'
import { keyAddress, parseAddress } from '../src/ports/secret-address.ts'

/** How values are spread over secrets in AWS. */
export type Layout = Config['secrets']['layout']

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

/** Where a logical secret is kept in AWS Secrets Manager: a name, with `#key` behind it in a bundle. */
export function remoteName({ secrets }: Config, logicalName: string, layout: Layout = secrets.layout): string {
  const item = secrets.items[logicalName]
  if (item === undefined) throw new Error(`no secret ${logicalName} in secrets.items`)
  if (layout === 'split') return `${secrets.prefix}${item.remote}`
  return keyAddress(`${secrets.prefix}${secrets.bundle}`, item.property ?? logicalName)
}

/** Names of the secrets in AWS that hold these logical ones, each once. */
export function remoteSecrets(config: Config, logicalNames: readonly string[], layout?: Layout): readonly string[] {
  return [...new Set(logicalNames.map((name) => parseAddress(remoteName(config, name, layout)).secret))]
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
