import { connect } from 'node:net'
import type { Service } from './objects.ts'
import type { Dial } from './outbound.ts'
import type { RealPod } from './real-pod.ts'
import { type Address, route } from './routes.ts'
import { connectInto } from './shim.ts'

interface Network {
  /** Ports of this machine that every Pod may reach. */
  readonly open: readonly Address[]
  /** Port of 127.0.0.1 on which the API server listens. */
  readonly apiPort: number
  readonly services: () => readonly Service[]
  readonly pods: () => readonly RealPod[]
}

/** Whether this is the Service of the API server, which has no Pods behind it. */
export const isApiServer = ({ metadata }: Service): boolean =>
  metadata.namespace === 'default' && metadata.name === 'kubernetes'

/** Connects from inside a Pod, or from this machine, to a Service's address as kube-proxy would lead it. */
export function dialer({ open, apiPort, services, pods }: Network): Dial {
  return async (target) => {
    if (open.some(({ address, port }) => address === target.address && port === target.port)) {
      return connect({ host: target.address, port: target.port })
    }
    const known = services()
    if (known.find(isApiServer)?.spec.clusterIP === target.address) return connect({ host: '127.0.0.1', port: apiPort })
    const found = route(target, known, pods())
    return found && (await connectInto(found.backend.folder, found.port))
  }
}
