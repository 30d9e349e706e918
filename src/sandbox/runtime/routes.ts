import { createHash } from 'node:crypto'
import type { Pod, Service, ServicePort } from './objects.ts'
import { portOf } from './probes.ts'

/** A Pod that connections can be led to. */
export interface Backend {
  readonly pod: Pod
  readonly ready: boolean
}

const isReal = (address: string | undefined): address is string => /^127(\.\d{1,3}){3}$/.test(address ?? '')

/** As the API writes the address of a headless Service. */
const HEADLESS = 'None'

/**
 * Where a Service is found from inside a Pod. A headless one has the addresses of its Pods in a cluster; those are made up
 * here, so it gets one of its own in 127.32.0.0/11, which no Service range of a sandbox touches.
 */
function addressOf({ metadata, spec }: Service): string | undefined {
  if (isReal(spec.clusterIP)) return spec.clusterIP
  if (spec.clusterIP !== HEADLESS) return undefined
  const [first = 0, second = 0, third = 0] = createHash('sha256')
    .update(`${metadata.namespace}/${metadata.name}`)
    .digest()
  return `127.${32 + (first % 32)}.${second}.${1 + (third % 254)}`
}

/** Lines of a hosts file: every Service that has an address, under all names by which this namespace may call it. */
export function serviceNames(services: readonly Service[], namespace: string): readonly string[] {
  return services.flatMap((service) => {
    const { metadata } = service
    const address = addressOf(service)
    if (address === undefined) return []
    const full = `${metadata.name}.${metadata.namespace}`
    const names = [`${full}.svc.cluster.local`, `${full}.svc`, full]
    return [`${address} ${[...names, ...(metadata.namespace === namespace ? [metadata.name] : [])].join(' ')}`]
  })
}

/** Pods behind a Service, as its EndpointSlices would list them. */
function backendsOf<One extends Backend>(service: Service, pods: readonly One[]): readonly One[] {
  const selector = Object.entries(service.spec.selector ?? {})
  if (selector.length === 0) return []
  return pods.filter(({ pod, ready }) => {
    const { namespace, labels = {}, deletionTimestamp } = pod.metadata
    const selected = selector.every(([key, value]) => labels[key] === value)
    const serves = ready || service.spec.publishNotReadyAddresses === true
    return namespace === service.metadata.namespace && selected && serves && deletionTimestamp === undefined
  })
}

export interface Address {
  readonly address: string
  readonly port: number
}

/** TCP ports of Services that have at least one of these Pods behind them, ready or not. */
export function servedAddresses(services: readonly Service[], pods: readonly Backend[]): readonly Address[] {
  const all = pods.map(({ pod }) => ({ pod, ready: true }))
  return services.flatMap((service) => {
    const address = addressOf(service)
    if (address === undefined || backendsOf(service, all).length === 0) return []
    return (service.spec.ports ?? []).filter(isTcp).map(({ port }) => ({ address, port }))
  })
}

/** Those that this machine may listen at for everybody: made-up addresses exist in Pods only. */
export function clusterAddresses(services: readonly Service[], served: readonly Address[]): readonly Address[] {
  const own = new Set(services.map(({ spec }) => spec.clusterIP))
  return served.filter(({ address }) => own.has(address))
}

const isTcp = ({ protocol }: ServicePort): boolean => protocol === undefined || protocol === 'TCP'

/** Where a connection to `address:port` leads now: a Pod and a port of it, or undefined when nothing stands behind it. */
export function route<One extends Backend>(
  { address, port }: Address,
  services: readonly Service[],
  pods: readonly One[],
): { readonly backend: One; readonly port: number } | undefined {
  const service = services.find((one) => addressOf(one) === address)
  const servicePort = service?.spec.ports?.find((one) => one.port === port && isTcp(one))
  if (service === undefined || servicePort === undefined) return undefined
  const backends = backendsOf(service, pods)
  const backend = backends[Math.floor(Math.random() * backends.length)]
  // Who asks a headless Service talks to its Pods: the port is theirs.
  const target = backend && (service.spec.clusterIP === HEADLESS ? port : targetPort(servicePort, backend.pod))
  return backend && target !== undefined ? { backend, port: target } : undefined
}

function targetPort({ port, targetPort: wanted = port }: ServicePort, pod: Pod): number | undefined {
  if (typeof wanted === 'number') return wanted
  const owner = pod.spec.containers.find(({ ports }) => ports?.some(({ name }) => name === wanted))
  return owner && portOf(wanted, owner)
}
