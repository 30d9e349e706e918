import { setTimeout as sleep } from 'node:timers/promises'
import type { Api } from '../control-plane/api.ts'
import type { Pod } from './objects.ts'
import { type PodSeen, podStatus, timestamp } from './status.ts'

/** What changes together is written together. */
const GATHER_MS = 20

/** Keeps a Pod's status in the cluster equal to what is seen. */
export interface Publisher {
  /** The newest state of the object that is known. */
  readonly pod: () => Pod
  /** A newer state of the object; what could not be written before is tried again. */
  update(pod: Pod): void
  /** Something changed. */
  publish(): void
}

/** One write at a time, the newest state last. */
export function createPublisher(api: Api, first: Pod, seen: () => PodSeen): Publisher {
  let pod = first
  let writing = false
  let stale = true
  const write = async (): Promise<void> => {
    while (stale) {
      await sleep(GATHER_MS)
      stale = false
      const { namespace, name, uid } = pod.metadata
      const path = `/api/v1/namespaces/${namespace}/pods/${name}/status`
      const patch = { metadata: { uid }, status: podStatus(pod, seen(), timestamp()) }
      const answer = await api.call('PATCH', path, patch).catch((error: unknown) => {
        stale = true
        throw error
      })
      if (answer.status === 200) pod = JSON.parse(answer.text) as Pod
    }
  }
  const publish = (): void => {
    stale = true
    if (writing) return
    writing = true
    // Whatever failed is tried again at the next update.
    write()
      .catch(() => undefined)
      .finally(() => {
        writing = false
      })
  }
  return {
    pod: () => pod,
    update(newer) {
      pod = newer
      if (stale) publish()
    },
    publish,
  }
}
