import type { Seen } from './recording-proxy.ts'

/** Calls that belong to no step: looks at everything, the guard, checks at the end, and what every helm asks first. */
export const WHOLE_RUN = 'run'

/** The lock of the deployment. */
export const LOCK = 'lock'

type Rule = readonly [pattern: RegExp, step: string]

/** Of what AWS was asked: its action and what was sent. */
const AWS: readonly Rule[] = [
  [/RoleName=[\w-]*external-secrets/, 'irsa-external-secrets'],
  [/RoleName=|OpenIDConnect/, 'irsa-gateway'],
  [/litellm-key/, 'openwebui-key'],
  [/Secret/, 'secrets'],
]

/** Of the program's own calls to the API server; the first that fits. */
const OWN: readonly Rule[] = [
  [/\/leases\b/, LOCK],
  [/\/namespaces(\/[\w-]+)?$/, 'namespaces'],
  [/\/networkpolicies\/llmgw-default-deny$/, 'network-isolation'],
  [/\/networkpolicies\b/, 'network-policies'],
  [/\/storageclasses\b/, 'storage'],
  [/\/clustersecretstores\b/, 'secret-store'],
  [
    /\/externalsecrets\b|\/secrets\/(litellm-secrets|redis-credentials|grafana-admin|openwebui-secrets)$/,
    'secret-sync',
  ],
  [/\/configmaps\/llmgw-dashboard/, 'dashboards'],
  [/\/prometheusrules\//, 'alert-rules'],
  [/\/(service|pod)monitors\//, 'monitors'],
  [/\/constrainttemplates\b/, 'policy-templates'],
  [/\/constraints\.gatekeeper\.sh\//, 'policy-constraints'],
  [/\/customresourcedefinitions\/\w+\.monitoring\.coreos\.com$/, 'monitoring-crds'],
]

/** Of what helm does for a release, and what its step looks at; the first that fits. */
const RELEASES: readonly Rule[] = [
  [/external-?secret|secretstore/, 'external-secrets'],
  [/gatekeeper/, 'gatekeeper'],
  [/open-webui/, 'openwebui'],
  [/\/namespaces\/monitoring\/.*jaeger/, 'jaeger'],
  [/\/namespaces\/monitoring\/|kube-prome|monitoring\.coreos\.com/, 'monitoring'],
  [/\/namespaces\/litellm\/.*redis/, 'redis'],
  [/\/namespaces\/litellm\//, 'litellm'],
]

const find = (rules: readonly Rule[], text: string): string | undefined =>
  rules.find(([pattern]) => pattern.test(text))?.[1]

/** Helm names the release only inside what it sends when it begins one. */
const releaseIn = (body: string): string => /sh\.helm\.release\.v1\.([a-z-]+)\.v/.exec(body)?.[1] ?? ''

/** Id of the step that makes a call, told by what it is about: a call itself does not say. */
export function stepOf({ operation, path, body, userAgent }: Seen): string {
  if (!operation.includes('/')) return find(AWS, `${operation} ${body}`) ?? WHOLE_RUN
  const own = /^helm/i.test(userAgent) ? undefined : find(OWN, operation)
  return own ?? find(RELEASES, `${decodeURIComponent(path)} ${releaseIn(body)}`) ?? WHOLE_RUN
}
