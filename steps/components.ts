import type { ComponentName } from '../src/config/schema.ts'

export interface ComponentInfo {
  readonly name: ComponentName
  /** What a list of components prints. */
  readonly title: string
}

/** The components that have steps, in the order in which lists show them. */
export const components: readonly ComponentInfo[] = [
  { name: 'namespaces', title: 'Namespaces with Pod Security levels' },
  { name: 'storage', title: 'Encrypted default storage class' },
  { name: 'irsa', title: 'IAM roles of service accounts' },
  { name: 'secrets', title: 'Secrets in AWS Secrets Manager' },
  { name: 'external-secrets', title: 'External Secrets operator, store and synced Secrets' },
  { name: 'monitoring', title: 'Prometheus, Alertmanager and Grafana, with dashboards and alerts' },
  { name: 'jaeger', title: 'Jaeger, which keeps traces' },
  { name: 'gatekeeper', title: 'Gatekeeper, which asks policies' },
  { name: 'policies', title: 'Policies on workloads' },
  { name: 'redis', title: 'Redis cache' },
  { name: 'litellm', title: 'LiteLLM, the gateway before the models' },
  { name: 'openwebui', title: 'Open WebUI, chat in a browser' },
  { name: 'network-policies', title: 'NetworkPolicies: what needs no connection gets none' },
]
