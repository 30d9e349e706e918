import { isDeepStrictEqual } from 'node:util'
import type { KubeObject } from '../../../src/ports/index.ts'
import { ROLES } from './platform.ts'
import type { Seen } from './recording-proxy.ts'
import { isClustersOwn, stable, type Witness } from './snapshot.ts'
import { SPINE_SECRETS } from './spine.ts'

/** Everything in a spine that a run may write, by the plural that paths name it with. */
const KINDS: Readonly<Record<string, readonly [apiVersion: string, kind: string]>> = {
  namespaces: ['v1', 'Namespace'],
  services: ['v1', 'Service'],
  serviceaccounts: ['v1', 'ServiceAccount'],
  configmaps: ['v1', 'ConfigMap'],
  secrets: ['v1', 'Secret'],
  persistentvolumeclaims: ['v1', 'PersistentVolumeClaim'],
  deployments: ['apps/v1', 'Deployment'],
  statefulsets: ['apps/v1', 'StatefulSet'],
  jobs: ['batch/v1', 'Job'],
  horizontalpodautoscalers: ['autoscaling/v2', 'HorizontalPodAutoscaler'],
  poddisruptionbudgets: ['policy/v1', 'PodDisruptionBudget'],
  networkpolicies: ['networking.k8s.io/v1', 'NetworkPolicy'],
  storageclasses: ['storage.k8s.io/v1', 'StorageClass'],
  roles: ['rbac.authorization.k8s.io/v1', 'Role'],
  rolebindings: ['rbac.authorization.k8s.io/v1', 'RoleBinding'],
  clusterroles: ['rbac.authorization.k8s.io/v1', 'ClusterRole'],
  clusterrolebindings: ['rbac.authorization.k8s.io/v1', 'ClusterRoleBinding'],
  customresourcedefinitions: ['apiextensions.k8s.io/v1', 'CustomResourceDefinition'],
  validatingwebhookconfigurations: ['admissionregistration.k8s.io/v1', 'ValidatingWebhookConfiguration'],
  clustersecretstores: ['external-secrets.io/v1', 'ClusterSecretStore'],
  externalsecrets: ['external-secrets.io/v1', 'ExternalSecret'],
}

/** What a run keeps about itself: its lock, helm's record of releases, and the news it leaves on what it worked on. */
const isRecord = ({ operation }: Seen): boolean =>
  /\/(leases|events)(\/|$)/.test(operation) || /\/secrets(\/sh\.helm\.release\.v1\.|$)/.test(operation)

interface Thing {
  readonly value: unknown
  /** Controllers write objects too; nobody but a run writes the others. */
  readonly isObject: boolean
  /** The release that an object says it is of, as a plan names it. */
  readonly release?: string
}

/** Each thing by the name that a plan gives it. */
export type State = ReadonlyMap<string, Thing>

const isHelmsRecord = ({ kind, metadata }: KubeObject): boolean =>
  kind === 'Secret' && metadata.labels?.owner === 'helm'

function nameOf({ kind, metadata: { namespace, name } }: KubeObject): string {
  return `${kind.toLowerCase()} ${namespace === undefined ? '' : `${namespace}/`}${name}`
}

/** Helm marks objects with their release, but not its hooks: those have only the label that charts give. */
function releaseOf({ metadata: { namespace, annotations = {}, labels = {} } }: KubeObject): string | undefined {
  const name = annotations['meta.helm.sh/release-name']
  if (name !== undefined) return `helm release ${annotations['meta.helm.sh/release-namespace']}/${name}`
  if (annotations['helm.sh/hook'] === undefined) return undefined
  return `helm release ${namespace}/${labels['app.kubernetes.io/instance']}`
}

export async function stateOf(at: Witness): Promise<State> {
  return new Map((await Promise.all([inCluster(at), roles(at), secrets(at)])).flat())
}

async function inCluster({ kube }: Witness): Promise<[string, Thing][]> {
  const lists = await Promise.all(Object.values(KINDS).map(([apiVersion, kind]) => kube.list({ apiVersion, kind })))
  const objects = lists.flat().filter((object) => !isClustersOwn(object))
  return [...revisions(objects.filter(isHelmsRecord)), ...objects.filter((object) => !isHelmsRecord(object)).map(thing)]
}

function thing(object: KubeObject): [string, Thing] {
  const release = releaseOf(object)
  return [nameOf(object), { value: stable(object), isObject: true, ...(release === undefined ? {} : { release }) }]
}

/** The newest revision of each release. */
function revisions(records: readonly KubeObject[]): [string, Thing][] {
  const newest = new Map<string, number>()
  for (const { metadata } of records) {
    const release = `helm release ${metadata.namespace}/${metadata.labels?.name}`
    newest.set(release, Math.max(newest.get(release) ?? 0, Number(metadata.labels?.version)))
  }
  return [...newest].map(([release, value]) => [release, { value, isObject: false }])
}

async function roles({ aws }: Witness): Promise<[string, Thing][]> {
  const found = await Promise.all(ROLES.map((name) => aws.iam.findRole(name)))
  return found
    .filter((role) => role !== undefined)
    .flatMap(({ name, trust, inline, tags, ...rest }) => {
      // The digest of what it was made from says nothing about what it grants.
      const told = Object.fromEntries(Object.entries(tags).filter(([key]) => key !== 'llmgw.dev/inputs'))
      const role = `iam role ${name}`
      const policies = Object.entries(inline).map(([policy, document]) => [
        `inline policy ${policy} of ${role}`,
        document,
      ])
      return [[role, { ...rest, tags: told }], [`trust policy of ${role}`, trust], ...policies].map(
        ([part, value]): [string, Thing] => [String(part), { value, isObject: false }],
      )
    })
}

async function secrets({ aws }: Witness): Promise<[string, Thing][]> {
  const metas = await Promise.all(SPINE_SECRETS.map((name) => aws.secretsManager.describe(name)))
  return SPINE_SECRETS.flatMap((name, index): [string, Thing][] => {
    const { arn, versions, deletedAt } = metas[index] ?? {}
    return arn === undefined ? [] : [[`secret ${name}`, { value: { arn, versions, deletedAt }, isObject: false }]]
  })
}

/** Names of what differs between two states. */
export function changedBetween(before: State, after: State): readonly string[] {
  const names = new Set([...before.keys(), ...after.keys()])
  return [...names].filter((name) => !isDeepStrictEqual(before.get(name)?.value, after.get(name)?.value)).sort()
}

const COLLECTION =
  /\/(?:namespaces\/(?<namespace>[^/]+)\/)?(?<plural>[a-z]+)(?:\/(?<name>[^/]+))?(?:\/(?:status|scale))?$/

/**
 * What was written to the API server, by the names of a plan; undefined for a collection: the name was in the body.
 * A kind that `stateOf` does not look at is an error, since nobody would see what became of it.
 */
export function writtenTo(seen: readonly Seen[]): ReadonlySet<string> {
  const written = new Set<string>()
  for (const entry of seen) {
    if (!entry.write || isRecord(entry)) continue
    const path = entry.operation.split(' ')[1] ?? ''
    const { namespace, plural = '', name } = COLLECTION.exec(path)?.groups ?? {}
    const kind = KINDS[plural]?.[1]
    if (kind === undefined) throw new Error(`nobody looks at what ${entry.operation} writes`)
    const place = namespace === undefined || kind === 'Namespace' ? '' : `${namespace}/`
    written.add(`${kind.toLowerCase()} ${place}${name ?? '*'}`)
  }
  return written
}
