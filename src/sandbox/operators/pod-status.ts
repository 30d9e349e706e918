import { createHash } from 'node:crypto'
import type { Condition, Pod } from './objects.ts'

/** What the process behind a pod is doing. */
export type Backing =
  | { readonly state: 'ready' }
  /** The container runs and does not answer its probe yet. */
  | { readonly state: 'starting' }
  /** No process: not started yet, or it ended. */
  | { readonly state: 'waiting'; readonly reason: string; readonly message: string }

/** The status that a kubelet would report for this pod, or undefined when the pod already says so. */
export function podStatus(pod: Pod, backing: Backing, restarts: number): object | undefined {
  if (pod.metadata.deletionTimestamp !== undefined || pod.spec.nodeName === undefined) return undefined
  if (says(pod, backing, restarts)) return undefined
  const now = new Date().toISOString().replace(/\.\d+Z$/, 'Z')
  const ip = pod.status?.podIP ?? podAddress(pod.metadata.uid)
  const running = backing.state !== 'waiting'
  return {
    // A pod that ran once stays Running while its container waits for the next start.
    phase: running || pod.status?.phase === 'Running' ? 'Running' : 'Pending',
    podIP: ip,
    podIPs: [{ ip }],
    startTime: pod.status?.startTime ?? now,
    conditions: conditions(pod, backing, now),
    containerStatuses: pod.spec.containers.map(({ name, image }) => ({
      name,
      image: image ?? '',
      imageID: '',
      ready: backing.state === 'ready',
      started: running,
      restartCount: restarts,
      state: running
        ? { running: { startedAt: now } }
        : { waiting: { reason: backing.reason, message: backing.message } },
    })),
  }
}

function says(pod: Pod, backing: Backing, restarts: number): boolean {
  const [container] = pod.status?.containerStatuses ?? []
  if (container === undefined || container.restartCount !== restarts) return false
  const ready = pod.status?.conditions?.find(({ type }) => type === 'Ready')?.status === 'True'
  if (ready !== (backing.state === 'ready')) return false
  const waiting = container.state?.waiting
  return backing.state === 'waiting'
    ? waiting?.reason === backing.reason && waiting.message === backing.message
    : container.state?.running !== undefined
}

function conditions(pod: Pod, backing: Backing, now: string): readonly Condition[] {
  const ready = backing.state === 'ready'
  const have = new Map((pod.status?.conditions ?? []).map((condition) => [condition.type, condition]))
  const set = (type: string, holds: boolean) => {
    const status = holds ? 'True' : 'False'
    const before = have.get(type)
    if (before?.status === status) return
    const why = holds ? {} : { reason: 'ContainersNotReady', message: 'the process behind this pod is not ready' }
    have.set(type, { type, status, lastTransitionTime: now, ...why })
  }
  set('Initialized', true)
  set('ContainersReady', ready)
  set('Ready', ready)
  return [...have.values()]
}

/** A label, never dialled; outside the range that kwok draws from, and the same for the same pod. */
function podAddress(uid: string): string {
  const [high = 0, low = 0] = createHash('sha256').update(uid).digest()
  return `10.99.${high}.${1 + (low % 254)}`
}
