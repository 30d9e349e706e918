import { type AddressInfo, createServer, type Server, type Socket } from 'node:net'
import { UsageError } from '../../errors.ts'
import { endpointsIn, isReady, slicesOf } from '../../ports/endpoints.ts'
import type { Kube, KubeObject } from '../../ports/kube.ts'
import type { PodPort, PodStreams } from './port-forward.ts'

/** A port of a Service. */
interface ServicePort {
  readonly namespace: string
  readonly service: string
  readonly port: number
}

export interface Forward {
  readonly host: string
  readonly port: number
  /** The pod that gets the next connection; undefined while none is ready. */
  pod(): string | undefined
  /** Ends it and every connection; resolves when the port is free again. */
  close(): Promise<void>
}

export interface ForwardOptions {
  readonly kube: Kube
  readonly streams: PodStreams
  readonly target: ServicePort
  /** `exact`: refused when taken, otherwise a free one is chosen. */
  readonly local: { readonly port: number; readonly exact: boolean }
  readonly signal: AbortSignal
  /** What happens later, one line: another pod, a connection that failed. */
  readonly report: (line: string) => void
}

const LOOPBACK = '127.0.0.1'

/** How long a connection waits for a ready pod, e.g. while one is being replaced. */
const POD_WITHIN_MS = 15_000

/**
 * Listens on loopback and leads each connection to a ready pod behind a Service: another pod, once that one is gone.
 * @throws UsageError PortTaken
 */
export async function startForward(options: ForwardOptions): Promise<Forward> {
  /** Each connection, with the pod that it leads to once that is known. */
  const sockets = new Map<Socket, string | undefined>()
  const endThoseOf = (isGone: (pod: string) => boolean): void => {
    for (const [socket, pod] of sockets) if (pod !== undefined && isGone(pod)) socket.destroy()
  }
  const pods = watchPods(options, (there) => endThoseOf((pod) => !there.has(pod)))
  const server = createServer({ allowHalfOpen: true }, (socket) => {
    sockets.set(socket, undefined)
    socket.once('close', () => sockets.delete(socket))
    const next = async (): Promise<PodPort | undefined> => {
      const pod = await pods.next()
      if (pod !== undefined && sockets.has(socket)) sockets.set(socket, pod.name)
      return pod
    }
    void serve(socket, { ...options, next })
  })
  try {
    await listen(server, options.local)
  } catch (error) {
    pods.stop()
    throw error
  }
  return {
    host: LOOPBACK,
    port: (server.address() as AddressInfo).port,
    pod: () => pods.current()?.name,
    async close() {
      pods.stop()
      for (const socket of sockets.keys()) socket.destroy()
      await new Promise<void>((resolve) => server.close(() => resolve()))
    },
  }
}

async function listen(server: Server, { port, exact }: ForwardOptions['local']): Promise<void> {
  const attempt = (wanted: number): Promise<void> =>
    new Promise((resolve, reject) => {
      server.once('error', reject)
      server.listen(wanted, LOOPBACK, () => {
        server.off('error', reject)
        resolve()
      })
    })
  try {
    await attempt(port)
  } catch (error) {
    const { code } = error as NodeJS.ErrnoException
    if (code !== 'EADDRINUSE' && code !== 'EACCES') throw error
    if (exact)
      throw new UsageError('PortTaken', `port ${port} of this machine cannot be listened on: ${code}`, {
        hint: 'name another one, e.g. litellm=4001, or none: then a free one is chosen',
      })
    await attempt(0)
  }
}

interface Serving extends Pick<ForwardOptions, 'streams' | 'signal' | 'report'> {
  next(): Promise<PodPort | undefined>
}

async function serve(socket: Socket, { streams, signal, report, next }: Serving): Promise<void> {
  socket.on('error', () => socket.destroy())
  try {
    const pod = await next()
    if (pod === undefined) throw new Error('no pod is ready')
    const stream = await streams.open(pod, signal)
    stream.on('error', (error) => {
      report(`${error.message}${error.cause === undefined ? '' : `: ${String(error.cause)}`}`)
      socket.destroy()
    })
    if (socket.destroyed) stream.destroy()
    socket.once('close', () => stream.destroy())
    socket.pipe(stream).pipe(socket)
  } catch (error) {
    if (!signal.aborted) report(error instanceof Error ? error.message : String(error))
    socket.destroy()
  }
}

/**
 * Keeps track of the pod that stands behind a Service.
 * @param onChange told which pods stand behind it, those that are ending included: not every kubelet ends the connections
 *   to a pod that is gone, and then nobody does
 */
function watchPods({ kube, target, signal, report }: ForwardOptions, onChange: (there: ReadonlySet<string>) => void) {
  const stopping = new AbortController()
  const abort = (): void => stopping.abort()
  signal.addEventListener('abort', abort, { once: true })
  let current: PodPort | undefined
  let last: string | undefined
  const waiting = new Set<(pod: PodPort) => void>()
  const tell = (pod: PodPort): void => {
    if (last !== undefined && last !== pod.name) report(`pod ${last} was replaced by ${pod.name}`)
    last = pod.name
    for (const resolve of waiting) resolve(pod)
    waiting.clear()
  }
  const follow = async (): Promise<void> => {
    const query = slicesOf(target.namespace, target.service)
    const service = await kube.find(
      { apiVersion: 'v1', kind: 'Service', namespace: target.namespace, name: target.service },
      stopping.signal,
    )
    for await (const slices of kube.watch(query, stopping.signal)) {
      const found = podsIn(slices, portName(service, target.port), target.namespace)
      const ready = found.filter((pod) => pod.ready)
      // As long as it is ready, the same pod: a session lives in one.
      current = ready.find(({ name }) => name === current?.name) ?? ready[0]
      onChange(new Set(found.map(({ name }) => name)))
      if (current !== undefined) tell(current)
    }
  }
  void follow().catch((error: unknown) => {
    if (!stopping.signal.aborted) report(error instanceof Error ? error.message : String(error))
  })
  return {
    current: () => current,
    async next(): Promise<PodPort | undefined> {
      if (current !== undefined) return current
      return await new Promise((resolve) => {
        const timer = setTimeout(() => {
          waiting.delete(found)
          resolve(undefined)
        }, POD_WITHIN_MS)
        const found = (pod: PodPort): void => {
          clearTimeout(timer)
          resolve(pod)
        }
        waiting.add(found)
      })
    },
    stop(): void {
      signal.removeEventListener('abort', abort)
      stopping.abort()
    },
  }
}

interface ServiceSpec {
  readonly ports?: readonly { readonly name?: string; readonly port: number }[]
}

/** Slices name the ports of pods as the Service does; a lone port may have no name. */
function portName(service: KubeObject | undefined, port: number): string {
  return ((service?.spec ?? {}) as ServiceSpec).ports?.find((one) => one.port === port)?.name ?? ''
}

/** The API server writes `null` for a list of a slice in which nothing is. */
interface SlicePorts {
  readonly ports?: readonly { readonly name?: string; readonly port?: number }[] | null
}

function podsIn(
  slices: readonly KubeObject[],
  name: string,
  namespace: string,
): readonly (PodPort & { readonly ready: boolean })[] {
  return slices.flatMap((object) => {
    const { ports } = object as SlicePorts
    const port = ports?.find((one) => (one.name ?? '') === name)?.port
    if (port === undefined) return []
    return endpointsIn(object).flatMap((endpoint) =>
      endpoint.targetRef?.kind === 'Pod' && endpoint.targetRef.name !== undefined
        ? [{ namespace, name: endpoint.targetRef.name, port, ready: isReady(endpoint) }]
        : [],
    )
  })
}
