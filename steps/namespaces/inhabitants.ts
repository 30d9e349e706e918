import type { KubeObject, StepContext } from '../../src/ports/index.ts'
import { refOf, targetOf } from '../desired.ts'

/** Kinds in which somebody would miss an object. */
const KINDS = [
  ['v1', 'Pod'],
  ['v1', 'Service'],
  ['v1', 'ConfigMap'],
  ['v1', 'Secret'],
  ['v1', 'ServiceAccount'],
  ['v1', 'PersistentVolumeClaim'],
  ['apps/v1', 'Deployment'],
  ['apps/v1', 'StatefulSet'],
  ['apps/v1', 'DaemonSet'],
  ['batch/v1', 'Job'],
  ['batch/v1', 'CronJob'],
  ['networking.k8s.io/v1', 'Ingress'],
  ['networking.k8s.io/v1', 'NetworkPolicy'],
  ['external-secrets.io/v1', 'ExternalSecret'],
  ['external-secrets.io/v1', 'SecretStore'],
] as const

/** What the cluster puts into every namespace. */
const EVERYWHERE = new Set(['configmap/kube-root-ca.crt', 'serviceaccount/default'])

/** Objects that a namespace still holds and that nothing else in it owns; what is on its way out does not count. */
export async function inhabitants(ctx: StepContext, namespace: string): Promise<readonly string[]> {
  const lists = await Promise.all(
    KINDS.map(([apiVersion, kind]) => ctx.kube.list({ apiVersion, kind, namespace }, ctx.signal)),
  )
  return lists
    .flat()
    .filter(counts)
    .map((object) => targetOf({ ...refOf(object), namespace: undefined }))
}

function counts({ kind, metadata }: KubeObject): boolean {
  if (metadata.deletionTimestamp !== undefined || (metadata.ownerReferences ?? []).length > 0) return false
  return !EVERYWHERE.has(`${kind.toLowerCase()}/${metadata.name}`)
}
