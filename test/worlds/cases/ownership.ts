import type { ObjectRef } from '../../../src/ports/index.ts'
import { conditionIs, objectOf, seen } from '../acts.ts'
import type { Stage, World } from '../world.ts'

const SECRET = { apiVersion: 'v1', kind: 'Secret', namespace: 'litellm' }
const SERVICE: ObjectRef = { apiVersion: 'v1', kind: 'Service', namespace: 'litellm', name: 'redis-redis-ha-haproxy' }
const STORE: ObjectRef = {
  apiVersion: 'external-secrets.io/v1',
  kind: 'ClusterSecretStore',
  name: 'aws-secrets-manager',
}
const CRD: ObjectRef = {
  apiVersion: 'apiextensions.k8s.io/v1',
  kind: 'CustomResourceDefinition',
  name: 'externalsecrets.external-secrets.io',
}
const MONITORING = { apiVersion: 'v1', kind: 'Namespace', name: 'monitoring' }
const HELD = { apiVersion: 'v1', kind: 'ConfigMap', namespace: 'monitoring', name: 'held' }

/** What Helm knows of Redis is lost: its objects are still there. */
async function forgetRedis({ at }: Stage): Promise<void> {
  for (const { metadata } of await at.kube.list({ ...SECRET, labelSelector: 'owner=helm,name=redis' }))
    await at.kube.remove({ ...SECRET, name: metadata.name })
}

const owner = ({ at }: Stage, deployment: string | null) =>
  at.kube.patch(STORE, { metadata: { labels: { 'llmgw.dev/deployment': deployment } } })

/** Only the test server's own `crd`: the API server keeps what is stored, and says no to whoever asks for the version. */
async function serves(stage: Stage, version: string, served: boolean): Promise<void> {
  const { spec } = (await stage.at.kube.find(CRD)) as { spec?: { versions: { name: string }[] } }
  const versions = (spec?.versions ?? []).map((one) => (one.name === version ? { ...one, served } : one))
  await stage.at.kube.patch(CRD, { spec: { versions } })
}

/** Objects that belong to somebody else, are on their way out, or are of another version. */
export const ownershipWorlds: readonly World[] = [
  {
    name: 'an object of a release belongs to another release',
    make: async (stage) => {
      await forgetRedis(stage)
      await stage.at.kube.patch(SERVICE, { metadata: { annotations: { 'meta.helm.sh/release-name': 'team-redis' } } })
    },
    command: 'deploy redis',
    touches: /^$/,
    mend: '--adopt',
    exit: 1,
    code: 'HelmOwnedByOther',
    root: /release litellm\/redis would take over Service redis-redis-ha-haproxy, which belongs to release team-redis/,
    hint: /--adopt/,
  },
  {
    name: 'an object belongs to another deployment',
    make: (stage) => owner(stage, 'team-b'),
    undo: (stage) => owner(stage, 'llmgw'),
    command: 'diagnose external-secrets',
    exit: 3,
    code: 'ForeignOwner',
    root: /clustersecretstore aws-secrets-manager belongs to deployment "team-b", this is "llmgw"/,
  },
  {
    name: 'an object belongs to nobody that is known',
    make: (stage) => owner(stage, null),
    mend: '--adopt',
    command: 'diagnose external-secrets',
    exit: 3,
    code: 'NotOwned',
    root: /clustersecretstore aws-secrets-manager exists, but no deployment is marked as its owner/,
    hint: /--adopt/,
  },
  {
    name: 'a namespace cannot end',
    make: async ({ at }) => {
      const metadata = { name: HELD.name, namespace: HELD.namespace, finalizers: ['example.com/held'] }
      await at.kube.apply(objectOf(HELD, { metadata }))
      await at.kube.remove(MONITORING)
      await seen('the namespace held', async () => {
        const { conditions = [] } = ((await at.kube.find(MONITORING))?.status ?? {}) as {
          conditions?: { type: string; status: string }[]
        }
        return conditions.some(({ type, status }) => type === 'NamespaceFinalizersRemaining' && status === 'True')
      })
    },
    undo: async ({ at }) => {
      await at.kube.patch(HELD, { metadata: { finalizers: null } })
      await seen('the namespace gone', async () => (await at.kube.find(MONITORING)) === undefined)
    },
    command: 'diagnose namespaces',
    exit: 1,
    code: 'NamespaceHeld',
    root: /namespace monitoring cannot end: ConfigMap held waits for finalizer example\.com\/held/,
  },
  {
    name: 'a Service leads to no pod',
    make: async ({ at }) => {
      await at.kube.patch(SERVICE, { spec: { selector: { app: 'nobody' } } })
      await seen('no endpoints', async () => {
        const slices = await at.kube.list({
          apiVersion: 'discovery.k8s.io/v1',
          kind: 'EndpointSlice',
          namespace: 'litellm',
          labelSelector: `kubernetes.io/service-name=${SERVICE.name}`,
        })
        return slices.every(({ endpoints }) => ((endpoints as unknown[] | null) ?? []).length === 0)
      })
    },
    command: 'diagnose redis',
    mend: '--deep',
    exit: 1,
    code: 'NoEndpoints',
    root: /Service litellm\/redis-redis-ha-haproxy leads to no pod/,
  },
  {
    name: 'a custom resource definition was deleted',
    make: async ({ at }) => {
      await at.kube.remove(CRD)
      await seen('the definition gone', async () => (await at.kube.find(CRD)) === undefined)
    },
    command: 'diagnose external-secrets',
    mend: '--deep',
    exit: 1,
    code: 'CrdMissing',
    root: /CustomResourceDefinition externalsecrets\.external-secrets\.io is not there, so the API server does not know the kind ExternalSecret/,
    hint: /llmgw.* deploy external-secrets --deep/,
  },
  {
    name: 'a custom resource definition is of an older version',
    make: async (stage) => {
      await serves(stage, 'v1beta1', true)
      await serves(stage, 'v1', false)
      await conditionIs(stage, CRD, 'Established', 'True')
    },
    command: 'diagnose external-secrets',
    mend: '--deep',
    exit: 1,
    code: 'CrdOlder',
    root: /CustomResourceDefinition externalsecrets\.external-secrets\.io serves v1beta1 only, and v1 is needed/,
    hint: /llmgw.* deploy external-secrets --deep/,
  },
]
