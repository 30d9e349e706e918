import { createHash } from 'node:crypto'
import { connectAws } from '../../../src/adapters/aws/connect-aws.ts'
import { connectKube } from '../../../src/adapters/kube/index.ts'
import type { Kube, KubeObject } from '../../../src/ports/index.ts'
import type { SandboxConnection } from '../../../src/sandbox/index.ts'

type Aws = ReturnType<typeof connectAws>

/** Both APIs of a sandbox, for looking at what a run did without the run's help. */
export interface Witness {
  readonly kube: Kube
  readonly aws: Aws
}

export async function witness({ kubeconfig, context, aws }: SandboxConnection): Promise<Witness> {
  return {
    kube: await connectKube({ kind: 'kubeconfig', path: kubeconfig, context }),
    aws: connectAws({
      region: aws.region,
      endpointUrl: aws.endpoint,
      credentials: { accessKeyId: aws.accessKeyId, secretAccessKey: aws.secretAccessKey },
    }),
  }
}

const KINDS: readonly (readonly [apiVersion: string, kind: string])[] = [
  ['v1', 'Namespace'],
  ['v1', 'Service'],
  ['v1', 'ServiceAccount'],
  ['v1', 'ConfigMap'],
  ['v1', 'Secret'],
  ['v1', 'PersistentVolumeClaim'],
  ['apps/v1', 'Deployment'],
  ['apps/v1', 'StatefulSet'],
  ['storage.k8s.io/v1', 'StorageClass'],
  ['rbac.authorization.k8s.io/v1', 'ClusterRole'],
  ['rbac.authorization.k8s.io/v1', 'ClusterRoleBinding'],
  ['apiextensions.k8s.io/v1', 'CustomResourceDefinition'],
  ['admissionregistration.k8s.io/v1', 'ValidatingWebhookConfiguration'],
  ['external-secrets.io/v1', 'ClusterSecretStore'],
  ['external-secrets.io/v1', 'ExternalSecret'],
]

/** What nobody but controllers writes, and what changes with every look. */
const VOLATILE = ['resourceVersion', 'managedFields', 'creationTimestamp', 'generation']

function digest(value: unknown): string {
  return createHash('sha256').update(JSON.stringify(value)).digest('hex').slice(0, 16)
}

/** What somebody wants of an object: neither its status nor what changes with every look. */
export function stable({ metadata, status: _status, ...rest }: KubeObject): unknown {
  return { ...rest, metadata: Object.fromEntries(Object.entries(metadata).filter(([key]) => !VOLATILE.includes(key))) }
}

/** What the cluster makes by itself in its first seconds, and aggregates from others' roles. */
export function isClustersOwn({ kind, metadata }: KubeObject): boolean {
  return (
    metadata.labels?.['kubernetes.io/bootstrapping'] === 'rbac-defaults' ||
    metadata.name === 'kube-root-ca.crt' ||
    (kind === 'ServiceAccount' && metadata.name === 'default') ||
    metadata.namespace?.startsWith('kube-') === true
  )
}

async function kubeState({ kube }: Witness): Promise<[string, string][]> {
  const lists = await Promise.all(KINDS.map(([apiVersion, kind]) => kube.list({ apiVersion, kind })))
  return lists
    .flat()
    .filter((object) => !isClustersOwn(object))
    .map((object) => {
      const { namespace, name, uid } = object.metadata
      return [`${object.kind} ${namespace ? `${namespace}/` : ''}${name}`, `${uid} ${digest(stable(object))}`]
    })
}

/** Version ids and dates of the secrets of these remote names. */
export async function secretVersions({ aws }: Witness, names: readonly string[]): Promise<Record<string, string>> {
  const metas = await Promise.all(names.map((name) => aws.secretsManager.describe(name)))
  return Object.fromEntries(
    names.map((name, index) => [
      name,
      JSON.stringify([metas[index]?.arn, metas[index]?.versions, metas[index]?.deletedAt]),
    ]),
  )
}

/** Everything that a run could change, comparable before and after: all objects, roles, and versions of secrets. */
export async function snapshot(
  at: Witness,
  { roles, secrets }: { readonly roles: readonly string[]; readonly secrets: readonly string[] },
): Promise<Record<string, string>> {
  const [objects, found, versions] = await Promise.all([
    kubeState(at),
    Promise.all(roles.map((name) => at.aws.iam.findRole(name))),
    secretVersions(at, secrets),
  ])
  return {
    ...Object.fromEntries(objects),
    ...Object.fromEntries(roles.map((name, index) => [`role ${name}`, digest(found[index] ?? null)])),
    ...Object.fromEntries(Object.entries(versions).map(([name, state]) => [`secret ${name}`, state])),
  }
}
