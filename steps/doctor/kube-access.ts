import { COMPONENTS, type ComponentName, type Config } from '../../src/config/schema.ts'
import type { Access } from '../../src/ports/index.ts'
import { CONSTRAINTS, POLICIES } from '../policies/catalog.ts'
import { tlsSecret } from '../redis/tls.ts'

/** A namespace by its role, Kubernetes' own one, or none for what is cluster-scoped. */
type Scope = keyof Config['namespaces'] | 'kube-system' | 'cluster'

/** `group/resource` (core group: `/resource`) that a component reads and writes there. */
type Writes = Partial<Record<Scope, readonly string[]>>

/** Reading, and server-side apply: it needs `patch`, and `create` where the object is new. */
const APPLY = ['get', 'create', 'patch'] as const
/** Helm keeps its releases in Secrets and drops the oldest revision; charts bring some, too. */
const HELM_SECRETS = ['get', 'list', 'create', 'patch', 'update', 'delete'] as const

const RBAC = 'rbac.authorization.k8s.io'
const CRDS = 'apiextensions.k8s.io/customresourcedefinitions'
const RELEASE_KINDS = [
  'apps/deployments',
  '/services',
  '/serviceaccounts',
  'policy/poddisruptionbudgets',
  `${RBAC}/roles`,
  `${RBAC}/rolebindings`,
]

/** The lock of the deployment. */
const LOCK: Writes = { 'kube-system': ['coordination.k8s.io/leases'] }

const BY_COMPONENT: Partial<Record<ComponentName, Writes>> = {
  namespaces: { cluster: ['/namespaces'] },
  storage: { cluster: ['storage.k8s.io/storageclasses'] },
  'external-secrets': {
    cluster: [
      CRDS,
      'admissionregistration.k8s.io/validatingwebhookconfigurations',
      `${RBAC}/clusterroles`,
      `${RBAC}/clusterrolebindings`,
      'external-secrets.io/clustersecretstores',
    ],
    secrets: RELEASE_KINDS,
    gateway: ['external-secrets.io/externalsecrets'],
    ui: ['external-secrets.io/externalsecrets'],
  },
  monitoring: {
    cluster: [
      CRDS,
      'admissionregistration.k8s.io/validatingwebhookconfigurations',
      'admissionregistration.k8s.io/mutatingwebhookconfigurations',
      `${RBAC}/clusterroles`,
      `${RBAC}/clusterrolebindings`,
    ],
    monitoring: [
      ...RELEASE_KINDS,
      ...['apps/daemonsets', 'apps/statefulsets', 'batch/jobs', '/configmaps', '/persistentvolumeclaims', '/secrets'],
      ...['prometheuses', 'alertmanagers', 'prometheusrules', 'servicemonitors', 'podmonitors'].map(
        (kind) => `monitoring.coreos.com/${kind}`,
      ),
      'external-secrets.io/externalsecrets',
    ],
    // Services by which Prometheus finds CoreDNS; the chart puts them beside it.
    'kube-system': ['/services'],
  },
  jaeger: { monitoring: [...RELEASE_KINDS, '/configmaps'] },
  gatekeeper: {
    cluster: [
      'apiextensions.k8s.io/customresourcedefinitions',
      'admissionregistration.k8s.io/validatingwebhookconfigurations',
      `${RBAC}/clusterroles`,
      `${RBAC}/clusterrolebindings`,
    ],
    policy: [...RELEASE_KINDS, '/resourcequotas', 'batch/jobs'],
  },
  policies: {
    // A kind for each policy, whose plural is its singular.
    cluster: [
      'templates.gatekeeper.sh/constrainttemplates',
      ...POLICIES.map(({ kind }) => `${CONSTRAINTS}/${kind.toLowerCase()}`),
    ],
  },
  redis: { gateway: [...RELEASE_KINDS, 'apps/statefulsets', '/configmaps'] },
  litellm: {
    gateway: [...RELEASE_KINDS, '/configmaps', 'batch/jobs', 'autoscaling/horizontalpodautoscalers'],
  },
  openwebui: { ui: [...RELEASE_KINDS, 'apps/statefulsets', '/persistentvolumeclaims'] },
  'network-policies': Object.fromEntries(
    (['gateway', 'ui', 'monitoring', 'secrets', 'policy'] as const).map((role) => [
      role,
      ['networking.k8s.io/networkpolicies'],
    ]),
  ),
}

const RELEASES_IN: Partial<Record<ComponentName, Scope>> = {
  'external-secrets': 'secrets',
  monitoring: 'monitoring',
  jaeger: 'monitoring',
  redis: 'gateway',
  litellm: 'gateway',
  openwebui: 'ui',
  gatekeeper: 'policy',
}

/** Redis and its clients. */
export const SPEAK_TLS: ReadonlySet<string> = new Set<ComponentName>(['redis', 'litellm', 'openwebui'])

/** Every access that deploying these components needs, each once; all components unless told. */
export function neededAccess(config: Config, components: readonly string[] = COMPONENTS): readonly Access[] {
  const named = COMPONENTS.filter((name) => components.includes(name))
  const writes = [LOCK, ...named.flatMap((name) => BY_COMPONENT[name] ?? [])]
  const applied = writes.flatMap((one) =>
    Object.entries(one).flatMap(([scope, kinds]) => kinds.flatMap((kind) => accesses(config, scope, [kind, APPLY]))),
  )
  const stored = named.flatMap((name) => {
    const scope = RELEASES_IN[name]
    return scope === undefined ? [] : accesses(config, scope, ['/secrets', HELM_SECRETS])
  })
  // The certificate of Redis is looked at before anything speaks TLS.
  const looked = tlsSecret(config) ? named.filter((name) => SPEAK_TLS.has(name)) : []
  const read = looked.flatMap(() => accesses(config, 'gateway', ['/secrets', ['get']]))
  const all = [...applied, ...stored, ...read]
  return [...new Map(all.map((access) => [accessWords(access), access])).values()]
}

function accesses(config: Config, scope: string, [kind, verbs]: readonly [string, readonly string[]]): Access[] {
  const [group = '', resource = ''] = kind.split('/')
  const role = config.namespaces[scope as keyof Config['namespaces']] as string | undefined
  const place = scope === 'cluster' ? {} : { namespace: role ?? scope }
  return verbs.map((verb) => ({ verb, group, resource, ...place }))
}

/** `create deployments.apps in litellm`, as `kubectl auth can-i` takes it. */
export function accessWords({ verb, group, resource, namespace }: Access): string {
  const kind = group === '' ? resource : `${resource}.${group}`
  return `${verb} ${kind}${namespace === undefined ? '' : ` in ${namespace}`}`
}
