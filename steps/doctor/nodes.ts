import type { KubeObject } from '../../src/ports/index.ts'
import { bytesOf, coresOf } from '../../src/ports/quantity.ts'
import type { DoctorContext } from './finding.ts'

/** CPU in cores, memory in bytes, and places for pods. */
export interface Amount {
  readonly cores: number
  readonly bytes: number
  readonly pods: number
}

type Requests = Readonly<Record<string, string>>

interface Container {
  readonly restartPolicy?: string
  readonly resources?: { readonly requests?: Requests }
}

/** The fields of Node and Pod that say what is free. */
interface NodeFields {
  readonly spec?: { readonly unschedulable?: boolean; readonly taints?: readonly { readonly effect: string }[] }
  readonly status?: {
    readonly allocatable?: Requests
    readonly conditions?: readonly { readonly type: string; readonly status: string }[]
  }
}
interface PodFields {
  readonly spec?: {
    readonly nodeName?: string
    readonly containers?: readonly Container[]
    readonly initContainers?: readonly Container[]
    readonly overhead?: Requests
  }
  readonly status?: { readonly phase?: string }
}

/** A node that takes pods without tolerations. */
export interface RoomyNode {
  readonly name: string
  readonly zone: string | undefined
  readonly allocatable: Amount
}

/** Nodes that are ready, not cordoned, and without a taint that keeps our pods away. */
export async function schedulableNodes({ kube, signal }: DoctorContext): Promise<readonly RoomyNode[]> {
  const nodes = await kube.list({ apiVersion: 'v1', kind: 'Node' }, signal)
  return nodes.filter(takesPods).map((node) => ({
    name: node.metadata.name,
    zone: node.metadata.labels?.['topology.kubernetes.io/zone'],
    allocatable: amountOf((node as NodeFields).status?.allocatable ?? {}),
  }))
}

function takesPods(node: KubeObject): boolean {
  const { spec = {}, status = {} } = node as NodeFields
  const isReady = status.conditions?.some(({ type, status: is }) => type === 'Ready' && is === 'True') ?? false
  return isReady && !spec.unschedulable && !spec.taints?.some(({ effect }) => effect !== 'PreferNoSchedule')
}

function amountOf(requests: Requests): Amount {
  return {
    cores: coresOf(requests.cpu ?? '0'),
    bytes: bytesOf(requests.memory ?? '0'),
    pods: Number(requests.pods ?? 0),
  }
}

/** Adds up; `sum([])` is nothing. */
export function sum(amounts: readonly Amount[]): Amount {
  return amounts.reduce(
    (total, { cores, bytes, pods }) => ({
      cores: total.cores + cores,
      bytes: total.bytes + bytes,
      pods: total.pods + pods,
    }),
    { cores: 0, bytes: 0, pods: 0 },
  )
}

/** Where a pod runs, and what the scheduler reserves for it; undefined for one that is over or not placed. */
export function reserved(pod: KubeObject): { readonly node: string; readonly amount: Amount } | undefined {
  const { spec = {}, status = {} } = pod as PodFields
  if (spec.nodeName === undefined || status.phase === 'Succeeded' || status.phase === 'Failed') return undefined
  const { containers = [], initContainers = [], overhead = {} } = spec
  const ask = ({ resources }: Container): Amount => amountOf(resources?.requests ?? {})
  // A sidecar goes on beside the containers. Source: Kubernetes documentation, "Sidecar containers", resource sharing.
  const sidecars = initContainers.filter(({ restartPolicy }) => restartPolicy === 'Always')
  const running = sum([...containers, ...sidecars].map(ask))
  const first = initContainers.map(ask)
  const amount = {
    cores: Math.max(running.cores, ...first.map(({ cores }) => cores)),
    bytes: Math.max(running.bytes, ...first.map(({ bytes }) => bytes)),
    pods: 1,
  }
  return { node: spec.nodeName, amount: sum([amount, amountOf(overhead)]) }
}
