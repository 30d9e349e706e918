import { readResources } from './documents.ts'
import type { Rest } from './rest.ts'

/** How the API server serves a kind. */
export interface Resource {
  readonly plural: string
  readonly namespaced: boolean
}

type Kind = { readonly apiVersion: string; readonly kind: string }

/** `group/Kind plural`; a leading `+` = namespaced. Saves the discovery round trip for what we use; plurals never change. */
const KNOWN = `
/Namespace namespaces
/Node nodes
/PersistentVolume persistentvolumes
+/ConfigMap configmaps
+/Endpoints endpoints
+/Event events
+/PersistentVolumeClaim persistentvolumeclaims
+/Pod pods
+/Secret secrets
+/Service services
+/ServiceAccount serviceaccounts
+apps/DaemonSet daemonsets
+apps/Deployment deployments
+apps/ReplicaSet replicasets
+apps/StatefulSet statefulsets
+batch/CronJob cronjobs
+batch/Job jobs
+autoscaling/HorizontalPodAutoscaler horizontalpodautoscalers
+policy/PodDisruptionBudget poddisruptionbudgets
+networking.k8s.io/Ingress ingresses
+networking.k8s.io/NetworkPolicy networkpolicies
+coordination.k8s.io/Lease leases
+discovery.k8s.io/EndpointSlice endpointslices
+rbac.authorization.k8s.io/Role roles
+rbac.authorization.k8s.io/RoleBinding rolebindings
rbac.authorization.k8s.io/ClusterRole clusterroles
rbac.authorization.k8s.io/ClusterRoleBinding clusterrolebindings
storage.k8s.io/StorageClass storageclasses
storage.k8s.io/CSIDriver csidrivers
admissionregistration.k8s.io/ValidatingWebhookConfiguration validatingwebhookconfigurations
admissionregistration.k8s.io/MutatingWebhookConfiguration mutatingwebhookconfigurations
apiextensions.k8s.io/CustomResourceDefinition customresourcedefinitions
+external-secrets.io/ExternalSecret externalsecrets
+external-secrets.io/SecretStore secretstores
external-secrets.io/ClusterSecretStore clustersecretstores
templates.gatekeeper.sh/ConstraintTemplate constrainttemplates
`

const known = new Map(
  KNOWN.trim()
    .split('\n')
    .map((line): [string, Resource] => {
      const [name = '', plural = ''] = line.split(' ')
      return [name.replace(/^\+/, ''), { plural, namespaced: name.startsWith('+') }]
    }),
)

const groupOf = (apiVersion: string): string =>
  apiVersion.includes('/') ? apiVersion.slice(0, apiVersion.indexOf('/')) : ''

/** `/api/v1` or `/apis/<group>/<version>`. */
function apiRoot(apiVersion: string): string {
  return apiVersion.includes('/') ? `/apis/${apiVersion}` : `/api/${apiVersion}`
}

/** Finds how a kind is served; what was found is kept, what was not is asked again (a CRD may come). */
export function createKinds(rest: Rest) {
  const found = new Map<string, Resource>()
  const underWay = new Map<string, Promise<void>>()
  const discover = async ({ apiVersion, kind }: Kind, signal: AbortSignal | undefined): Promise<void> => {
    const key = `${apiVersion}/${kind}`
    const answer = await rest.call({
      method: 'GET',
      path: apiRoot(apiVersion),
      attempt: { verb: 'discover', object: key },
      idempotent: true,
      expect: [404],
      signal,
    })
    if (answer.status === 404) return
    const asked = { server: rest.server, attempt: { verb: 'discover', object: key } }
    for (const { kind: served, name, namespaced } of readResources(answer.text, asked)) {
      if (!name.includes('/')) found.set(`${apiVersion}/${served}`, { plural: name, namespaced })
    }
  }
  return async (wanted: Kind, signal?: AbortSignal): Promise<Resource | undefined> => {
    const { apiVersion, kind } = wanted
    const key = `${apiVersion}/${kind}`
    const resource = known.get(`${groupOf(apiVersion)}/${kind}`) ?? found.get(key)
    if (resource) return resource
    // One answer tells of all kinds of its group; who comes meanwhile waits for it, and asks alone only if it failed.
    const other = underWay.get(apiVersion)
    if (other && (await hasAnswer(other))) return found.get(key)
    const asking = discover(wanted, signal).finally(() => {
      if (underWay.get(apiVersion) === asking) underWay.delete(apiVersion)
    })
    underWay.set(apiVersion, asking)
    await asking
    return found.get(key)
  }
}

const hasAnswer = (work: Promise<void>): Promise<boolean> =>
  work.then(
    () => true,
    () => false,
  )

/** Path of a kind's collection, or of one object in it. */
export function pathOf(
  { apiVersion, namespace, name }: { apiVersion: string; namespace?: string | undefined; name?: string | undefined },
  resource: Resource,
): string {
  const home = resource.namespaced && namespace !== undefined ? `/namespaces/${encodeURIComponent(namespace)}` : ''
  const one = name === undefined ? '' : `/${encodeURIComponent(name)}`
  return `${apiRoot(apiVersion)}${home}/${resource.plural}${one}`
}
