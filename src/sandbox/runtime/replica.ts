import type { Api } from '../control-plane/api.ts'
import { podAddress } from './address.ts'
import type { Pod } from './objects.ts'
import { createPublisher } from './publisher.ts'
import type { PodSeen } from './status.ts'

/** A Pod without processes of its own: it says of itself what the real one of its workload says. */
export interface Replica {
  readonly pod: Pod
  /** Uid of the real Pod. */
  readonly of: string
  /** The newest state of the object, and the uid of the real Pod: another one when its own was replaced. */
  update(pod: Pod, of: string): void
}

/** @param seen what is known of the real Pod with this uid; undefined while there is none */
export function createReplica(api: Api, pod: Pod, seen: (uid: string) => PodSeen | undefined): Replica {
  let told = ''
  let real = ''
  const own = (): PodSeen => ({ ...(seen(real) ?? nothingYet(pod)), address: podAddress(pod.metadata.uid) })
  const publisher = createPublisher(api, pod, own)
  return {
    get pod() {
      return publisher.pod()
    },
    get of() {
      return real
    },
    update(newer, of) {
      real = of
      publisher.update(newer)
      const now = JSON.stringify(own())
      if (now !== told) publisher.publish()
      told = now
    },
  }
}

function nothingYet(pod: Pod): PodSeen {
  const containers = pod.spec.containers.map(({ name, image }) => ({
    name,
    image,
    state: { waiting: { reason: 'ContainerCreating' } },
    restarts: 0,
    ready: false,
    started: false,
  }))
  const startTime = pod.status?.startTime ?? pod.metadata.creationTimestamp ?? new Date().toISOString()
  return { address: '', hostAddress: '127.0.0.1', startTime, init: [], containers }
}
