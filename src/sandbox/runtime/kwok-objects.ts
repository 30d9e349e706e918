import type { Api } from '../control-plane/api.ts'
import type { Pod } from './objects.ts'
import { logOf } from './real-pod.ts'

/** Where port-forward and logs of a real Pod lead: kwok plays that part of the kubelet and follows these objects. */
export interface Doors {
  readonly pod: Pod
  readonly folder: string
  /** Port of 127.0.0.1 that leads to each container port. */
  readonly ports: ReadonlyMap<number, number>
}

/** Objects of kwok's own API that the runtime writes; named after the Pod, and gone with it. Source: kwok v0.8.0, pkg/apis/v1alpha1. */
export const DOOR_KINDS = ['PortForward', 'Logs'] as const

/** Lets kubectl and everybody else at a Pod's processes. @throws Error when the API server refuses */
export async function openDoors(api: Api, { pod, folder, ports }: Doors): Promise<void> {
  const { name, namespace, uid } = pod.metadata
  const metadata = {
    name,
    namespace,
    ownerReferences: [{ apiVersion: 'v1', kind: 'Pod', name, uid }],
  }
  const forwards = [...ports].map(([port, local]) => ({
    ports: [port],
    target: { address: '127.0.0.1', port: local },
  }))
  const logs = [...(pod.spec.initContainers ?? []), ...pod.spec.containers].map((container) => ({
    containers: [container.name],
    logsFile: logOf(folder, container.name),
    previousLogsFile: logOf(folder, `${container.name}.previous`),
    follow: true,
  }))
  await put(api, 'portforwards', { kind: 'PortForward', metadata, spec: { forwards } })
  await put(api, 'logs', { kind: 'Logs', metadata, spec: { logs } })
}

interface Door {
  readonly kind: string
  readonly metadata: { readonly name: string; readonly namespace: string; readonly ownerReferences: readonly object[] }
  readonly spec: object
}

async function put(api: Api, plural: string, door: Door): Promise<void> {
  const path = `/apis/kwok.x-k8s.io/v1alpha1/namespaces/${door.metadata.namespace}/${plural}`
  const created = await api.call('POST', path, { apiVersion: 'kwok.x-k8s.io/v1alpha1', ...door })
  if (created.status === 201) return
  if (created.status !== 409)
    throw new Error(`${door.kind} was refused (${created.status}): ${created.text.slice(0, 300)}`)
  // A predecessor of the same name, as in a StatefulSet.
  const { ownerReferences } = door.metadata
  await api.call('PATCH', `${path}/${door.metadata.name}`, { metadata: { ownerReferences }, spec: door.spec })
}
