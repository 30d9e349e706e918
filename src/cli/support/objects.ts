import pLimit from 'p-limit'
import { namespaceNames } from '../../../steps/names.ts'
import type { Kube, KubeObject, ListQuery } from '../../ports/index.ts'
import type { Session } from '../run/session.ts'
import type { Bundle } from './bundle.ts'
import { knowValues, strippedObject } from './scrub.ts'

type Kind = readonly [apiVersion: string, kind: string]

/** What a reader may want to see of a namespace of ours. */
const NAMESPACED: readonly Kind[] = [
  ...['Pod', 'Service', 'ConfigMap', 'Secret', 'ServiceAccount', 'PersistentVolumeClaim'].map(core),
  ...['ResourceQuota', 'LimitRange'].map(core),
  ...['Deployment', 'StatefulSet', 'DaemonSet', 'ReplicaSet'].map((kind): Kind => ['apps/v1', kind]),
  ...['Job', 'CronJob'].map((kind): Kind => ['batch/v1', kind]),
  ...['Ingress', 'NetworkPolicy'].map((kind): Kind => ['networking.k8s.io/v1', kind]),
  ['discovery.k8s.io/v1', 'EndpointSlice'],
  ['policy/v1', 'PodDisruptionBudget'],
  ['autoscaling/v2', 'HorizontalPodAutoscaler'],
  ['external-secrets.io/v1', 'ExternalSecret'],
  ['external-secrets.io/v1', 'SecretStore'],
]

/** What holds for the whole cluster and decides whether ours works. */
const CLUSTER: readonly Kind[] = [
  ...['Namespace', 'Node', 'PersistentVolume'].map(core),
  ['storage.k8s.io/v1', 'StorageClass'],
  ['admissionregistration.k8s.io/v1', 'ValidatingWebhookConfiguration'],
  ['admissionregistration.k8s.io/v1', 'MutatingWebhookConfiguration'],
  ['apiregistration.k8s.io/v1', 'APIService'],
  ['external-secrets.io/v1', 'ClusterSecretStore'],
  ['templates.gatekeeper.sh/v1', 'ConstraintTemplate'],
]

/** A CRD may be a megabyte. */
const NAMES_ONLY: ListQuery = {
  apiVersion: 'apiextensions.k8s.io/v1',
  kind: 'CustomResourceDefinition',
  metadataOnly: true,
}

function core(kind: string): Kind {
  return ['v1', kind]
}

const AT_ONCE = 6

/** Makes the values of all Secrets of our namespaces known, before anything is written. @throws where it could not look */
export async function knowSecrets({ ctx, stop }: Session): Promise<void> {
  for (const namespace of namespaceNames(ctx.config))
    knowValues(await ctx.kube.list({ apiVersion: 'v1', kind: 'Secret', namespace }, stop.signal))
}

/** Objects of our namespaces and of the cluster, events, and the last lines of every container. */
export async function gatherObjects(bundle: Bundle, session: Session, tailLines: number): Promise<void> {
  const { ctx, stop } = session
  const limit = pLimit(AT_ONCE)
  const list = (query: ListQuery) => limit(() => ctx.kube.list(query, stop.signal))
  const namespaces = namespaceNames(ctx.config)
  const kept = async (path: string, query: ListQuery) =>
    await bundle.gather(path, async () => {
      const objects = await list(query)
      if (objects.length > 0) bundle.addJson(path, objects.map(strippedObject))
    })
  await Promise.all([
    ...CLUSTER.map(([apiVersion, kind]) => kept(`cluster/${kind}.json`, { apiVersion, kind })),
    kept('cluster/CustomResourceDefinition.json', NAMES_ONLY),
    ...namespaces.flatMap((namespace) => [
      ...NAMESPACED.map(([apiVersion, kind]) =>
        kept(`objects/${namespace}/${kind}.json`, { apiVersion, kind, namespace }),
      ),
      kept(`events/${namespace}.json`, { apiVersion: 'v1', kind: 'Event', namespace }),
    ]),
    kept('events/default.json', { apiVersion: 'v1', kind: 'Event', namespace: 'default' }),
  ])
  await Promise.all(
    namespaces.map((namespace) =>
      bundle.gather(`logs of ${namespace}`, async () => {
        const pods = await list({ apiVersion: 'v1', kind: 'Pod', namespace })
        await Promise.all(
          pods
            .flatMap(containersOf)
            .map((source) => limit(() => gatherLog(bundle, ctx.kube, { ...source, tailLines }, stop.signal))),
        )
      }),
    ),
  )
}

interface Source {
  readonly namespace: string
  readonly name: string
  readonly container: string
  readonly previous: boolean
}

interface Status {
  readonly name: string
  readonly restartCount: number
  readonly state?: { readonly waiting?: unknown }
}

/** Every container that has run, and the run before it where there was one. */
function containersOf({ metadata: { name, namespace = '' }, status }: KubeObject): readonly Source[] {
  const { containerStatuses = [], initContainerStatuses = [] } = (status ?? {}) as {
    readonly containerStatuses?: readonly Status[]
    readonly initContainerStatuses?: readonly Status[]
  }
  return [...initContainerStatuses, ...containerStatuses].flatMap(({ name: container, restartCount, state }) => {
    const source = { namespace, name, container }
    return [
      ...(state?.waiting === undefined ? [{ ...source, previous: false }] : []),
      ...(restartCount > 0 ? [{ ...source, previous: true }] : []),
    ]
  })
}

async function gatherLog(
  bundle: Bundle,
  kube: Kube,
  source: Source & { readonly tailLines: number },
  signal: AbortSignal,
): Promise<void> {
  const { namespace, name, container, previous } = source
  const path = `logs/${namespace}/${name}/${container}${previous ? '.previous' : ''}.log`
  await bundle.gather(path, async () => {
    const text = await kube.logs(source, signal)
    if (text !== '') bundle.addText(path, text)
  })
}
