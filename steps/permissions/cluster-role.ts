import type { Config } from '../../src/config/schema.ts'
import type { Access, KubeObject } from '../../src/ports/index.ts'
import { neededAccess } from '../doctor/kube-access.ts'

const RBAC = 'rbac.authorization.k8s.io'
const READ = ['get', 'list', 'watch']

/** What is read beside what is written: pods and their events for causes, nodes for capacity, copies of secrets, what holds pods up. */
const READS: readonly string[] = [
  '/pods',
  '/pods/log',
  '/events',
  '/nodes',
  '/secrets',
  '/configmaps',
  '/services',
  '/persistentvolumeclaims',
  'apps/daemonsets',
  'apps/deployments',
  'apps/replicasets',
  'apps/statefulsets',
  'apiregistration.k8s.io/apiservices',
  'batch/cronjobs',
  'batch/jobs',
  'discovery.k8s.io/endpointslices',
  '/namespaces',
  '/persistentvolumes',
  '/resourcequotas',
  '/limitranges',
  '/serviceaccounts',
  'admissionregistration.k8s.io/validatingwebhookconfigurations',
  'admissionregistration.k8s.io/mutatingwebhookconfigurations',
  'apiextensions.k8s.io/customresourcedefinitions',
  'storage.k8s.io/csidrivers',
  'storage.k8s.io/storageclasses',
  'karpenter.sh/nodepools',
  'networking.k8s.io/ingresses',
]

/** A connection to a pod, as kubectl port-forward makes one: upgraded from GET, and since Kubernetes 1.35 `create` is asked for, too. */
const CONNECT: readonly string[] = ['get', 'create']

/**
 * Groups of which charts bring kinds, other ones from version to version. Deleting a kind deletes everybody's objects of it,
 * so `destroy --delete-crds` lists them before.
 */
const GROUPS_OF_CHARTS: readonly string[] = [
  'external-secrets.io',
  'generators.external-secrets.io',
  'monitoring.coreos.com',
]

interface Rule {
  readonly apiGroups: readonly string[]
  readonly resources: readonly string[]
  readonly verbs: readonly string[]
}

/**
 * The rights of whoever runs llmgw, for all namespaces: those of the platform do not exist before the first run. A chart
 * that brings a role needs `escalate` and `bind`: the API server lets nobody grant what they have not got.
 * Source: Kubernetes documentation, Using RBAC Authorization, "Privilege escalation prevention and bootstrapping".
 */
export function toolClusterRole(config: Config): KubeObject {
  const verbs = new Map<string, Set<string>>()
  const add = (kind: string, wanted: readonly string[]): void => {
    verbs.set(kind, new Set([...(verbs.get(kind) ?? []), ...wanted]))
  }
  for (const kind of READS) add(kind, READ)
  add('/pods/portforward', CONNECT)
  // `verify` takes on the roles of pods with tokens of their ServiceAccounts.
  add('/serviceaccounts/token', ['create'])
  // What a run makes, a later version of a chart may drop, and destroy removes; the lock stays, and is taken again.
  for (const access of neededAccess(config))
    add(kindOf(access), [...READ, access.verb, ...(access.resource === 'leases' ? [] : ['delete'])])
  for (const kind of verbs.keys()) if (isRole(kind)) add(kind, ['escalate', 'bind'])
  return {
    apiVersion: `${RBAC}/v1`,
    kind: 'ClusterRole',
    metadata: { name: `llmgw-${config.deployment}` },
    rules: [...rulesOf(verbs), { apiGroups: GROUPS_OF_CHARTS, resources: ['*'], verbs: ['list'] }],
  }
}

const kindOf = ({ group, resource }: Access): string => `${group}/${resource}`
const isRole = (kind: string): boolean => kind === `${RBAC}/roles` || kind === `${RBAC}/clusterroles`

/** Kinds of one group with the same verbs share a rule. */
function rulesOf(verbs: ReadonlyMap<string, ReadonlySet<string>>): readonly Rule[] {
  const rules = new Map<string, Rule>()
  for (const [kind, wanted] of [...verbs].sort(([a], [b]) => (a < b ? -1 : 1))) {
    const at = kind.indexOf('/')
    const [group, resource] = [kind.slice(0, at), kind.slice(at + 1)]
    const sorted = [...wanted].sort()
    const key = `${group} ${sorted.join()}`
    const known = rules.get(key)
    rules.set(key, { apiGroups: [group], resources: [...(known?.resources ?? []), resource], verbs: sorted })
  }
  return [...rules.values()]
}
