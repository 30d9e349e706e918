import { existsSync } from 'node:fs'
import { rm } from 'node:fs/promises'
import { join } from 'node:path'
import { setTimeout as sleep } from 'node:timers/promises'
import { type Api, connectApi, readPki } from '../control-plane/api.ts'
import { readPorts } from '../control-plane/components.ts'
import type { SandboxWorld } from '../part.ts'
import { choose } from './choose.ts'
import { dialer, isApiServer } from './dial.ts'
import { eventRecorder } from './events.ts'
import { type Behind, serveKubelet } from './kubelet.ts'
import { openDoors } from './kwok-objects.ts'
import { type Listener, listenAt } from './listeners.ts'
import type { Pod, Service } from './objects.ts'
import { type Programs, realProgram } from './programs.ts'
import { type PodHome, type RealPod, startRealPod } from './real-pod.ts'
import { createReplica, type Replica } from './replica.ts'
import { type Address, clusterAddresses, servedAddresses, serviceNames } from './routes.ts'
import { serviceDoors } from './service-doors.ts'
import { connectInto } from './shim.ts'
import { type PodReport, writeStatus } from './status-file.ts'

const ROUND_MS = 700

/** What the runtime's process is told at its start. */
export interface RunnerWorld extends SandboxWorld {
  readonly programs: Programs
  /** Set in every container that does not set it itself. */
  readonly added: Readonly<Record<string, string>>
  /** Ports of this machine that every Pod may reach. */
  readonly open: readonly Address[]
}

interface Tended {
  readonly real: RealPod
  /** Ports of this machine that lead to the container ports. */
  readonly listeners: Listener[]
  /** Pods whose port-forward and logs lead here, by uid. */
  readonly opened: Set<string>
}

interface Running {
  readonly world: RunnerWorld
  readonly api: Api
  readonly home: PodHome
  readonly tended: Map<string, Tended>
  readonly replicas: Map<string, Replica>
  readonly ending: Set<Promise<void>>
  readonly doors: ReturnType<typeof serviceDoors>
  services: readonly Service[]
}

/** Keeps real processes behind Pods of known images until `signal`; ends them then. */
export async function run(world: RunnerWorld, signal: AbortSignal): Promise<void> {
  // What an earlier runner left: its processes ended with it.
  await rm(join(world.dir, 'pods'), { recursive: true, force: true })
  const api = await connectApi(world)
  const ports = await readPorts(world)
  const running = begin(world, api, ports?.['kube-apiserver'] ?? 0)
  const kubelet =
    // A control plane made before there was one leads its nodes straight to kwok.
    ports?.kubelet === undefined
      ? undefined
      : await serveKubelet({
          port: ports.kubelet,
          pki: await readPki(world),
          kwokPort: ports['kwok-controller'],
          find: (...container) => behind(running, ...container),
        })
  // A sandbox whose folder is gone was removed behind our back.
  while (!signal.aborted && existsSync(world.dir)) {
    const problem = await round(running).then(
      () => undefined,
      (error: unknown) => (error instanceof Error ? error.message : String(error)),
    )
    if (existsSync(world.dir)) await writeStatus(world.dir, report(running, problem))
    await sleep(ROUND_MS, undefined, { signal }).catch(() => undefined)
  }
  kubelet?.close()
  running.doors.close()
  await Promise.all([...running.tended.values()].map(retire))
  await Promise.all(running.ending)
  api.close()
}

/** Commands in a replica run beside the process that it shares. */
function behind({ tended, replicas }: Running, namespace: string, name: string, container: string): Behind {
  const isIt = ({ metadata }: Pod) => metadata.namespace === namespace && metadata.name === name
  const own = [...tended.values()].find(({ real }) => isIt(real.pod))
  const replica = [...replicas.values()].find(({ pod }) => isIt(pod))
  const { real } = own ?? (replica && tended.get(replica.of)) ?? {}
  return real?.behind(container) ?? { kind: 'simulated' }
}

function begin(world: RunnerWorld, api: Api, apiPort: number): Running {
  const tended = new Map<string, Tended>()
  const dial = dialer({
    open: world.open,
    apiPort,
    services: () => running.services,
    pods: () => [...tended.values()].map(({ real }) => real),
  })
  const isVisible = (service: Service, namespace: string) =>
    service.metadata.namespace === namespace || isApiServer(service)
  const running: Running = {
    world,
    api,
    tended,
    replicas: new Map(),
    ending: new Set(),
    doors: serviceDoors(dial),
    services: [],
    home: {
      world,
      api,
      programs: world.programs,
      events: eventRecorder(api),
      servicesFor: (namespace) => running.services.filter((service) => isVisible(service, namespace)),
      dial,
      added: world.added,
      open: world.open,
    },
  }
  return running
}

async function list<Item>(api: Api, path: string): Promise<readonly Item[]> {
  // Version 0: from the API server's own memory, as a kubelet's cache would have it.
  const answer = await api.call('GET', `${path}?resourceVersion=0`)
  if (answer.status !== 200) throw new Error(`GET ${path} answered ${answer.status}`)
  return (JSON.parse(answer.text) as { readonly items: Item[] }).items
}

async function round(running: Running): Promise<void> {
  const { api, tended, world } = running
  const [pods, services] = await Promise.all([list<Pod>(api, '/api/v1/pods'), list<Service>(api, '/api/v1/services')])
  running.services = services
  retireGone(running, new Map(pods.map((pod) => [pod.metadata.uid, pod])))
  const { real, replicas } = choose(pods, world.programs, new Set(tended.keys()))
  // What ends still holds its volumes.
  if (running.ending.size === 0) for (const pod of real) start(running, pod)
  keepReplicas(running, replicas)
  await keepNetwork(running)
  for (const [uid, entry] of tended) {
    await openOnce(running, entry, entry.real.pod)
    for (const { pod, of } of replicas) if (of === uid) await openOnce(running, entry, pod)
  }
}

function retireGone({ tended, ending }: Running, pods: ReadonlyMap<string, Pod>): void {
  for (const [uid, entry] of tended) {
    const pod = pods.get(uid)
    if (pod !== undefined && pod.metadata.deletionTimestamp === undefined) {
      entry.real.update(pod)
      continue
    }
    tended.delete(uid)
    const over: Promise<void> = retire(entry).finally(() => ending.delete(over))
    ending.add(over)
  }
}

function start({ tended, home }: Running, pod: Pod): void {
  const { uid } = pod.metadata
  if (!tended.has(uid)) tended.set(uid, { real: startRealPod(home, pod), listeners: [], opened: new Set() })
}

async function retire({ real, listeners }: Tended): Promise<void> {
  for (const listener of listeners) listener.close()
  await real.stop()
}

function keepReplicas({ api, tended, replicas }: Running, wanted: ReturnType<typeof choose>['replicas']): void {
  const uids = new Set(wanted.map(({ pod }) => pod.metadata.uid))
  for (const uid of replicas.keys()) if (!uids.has(uid)) replicas.delete(uid)
  for (const { pod, of } of wanted) {
    const { uid } = pod.metadata
    const replica = replicas.get(uid) ?? createReplica(api, pod, (of) => tended.get(of)?.real.seen())
    replicas.set(uid, replica)
    replica.update(pod, of)
  }
}

/** Names and addresses inside the Pods, and the Services' addresses on this machine. */
async function keepNetwork({ services, tended, doors, world }: Running): Promise<void> {
  const served = servedAddresses(
    services,
    [...tended.values()].map(({ real }) => real),
  )
  await doors.keep(clusterAddresses(services, served))
  const apiServer = services
    .filter(isApiServer)
    .flatMap(({ spec }) => (spec.clusterIP === undefined ? [] : [{ address: spec.clusterIP, port: 443 }]))
  for (const { real } of tended.values()) {
    const own = new Set(takenPorts(real.pod, world.programs))
    // A port that the Pod serves itself is its own: nothing else can listen there in its network.
    const reachable = [...served, ...apiServer].filter(({ port }) => !own.has(port))
    await real.reach(serviceNames(services, real.pod.metadata.namespace), reachable)
  }
}

/** Ports on which a program of the Pod listens at all addresses. */
function takenPorts({ spec }: Pod, programs: Programs): readonly number[] {
  const takers = spec.containers.filter((one) => realProgram(one, programs)?.ownAddressOnly !== true)
  return takers.flatMap(({ ports = [] }) => ports.map(({ containerPort }) => containerPort))
}

/** Ports of the containers that are real: nobody listens at those of the others. */
const portsOf = (pod: Pod, programs: Programs): readonly number[] =>
  pod.spec.containers
    .filter((one) => realProgram(one, programs) !== undefined)
    .flatMap(({ ports = [] }) => ports.map(({ containerPort }) => containerPort))

/** Port-forward and logs of this Pod, itself or a replica of it, lead to the real processes. */
async function openOnce({ api, world }: Running, { real, listeners, opened }: Tended, pod: Pod): Promise<void> {
  if (opened.has(pod.metadata.uid)) return
  opened.add(pod.metadata.uid)
  const ports = portsOf(real.pod, world.programs)
  if (listeners.length === 0) {
    for (const port of ports) listeners.push(await listenAt('127.0.0.1', 0, () => connectInto(real.folder, port)))
  }
  const local = new Map(ports.map((port, index) => [port, listeners[index]?.port ?? 0]))
  await openDoors(api, { pod, folder: real.folder, ports: local })
}

function report({ tended, replicas, doors }: Running, problem: string | undefined) {
  const pods = [...tended.values()].map(({ real }): PodReport => {
    const { name, namespace } = real.pod.metadata
    const containers = real.containers.map((container) => ({
      name: container.name,
      program: container.program,
      lack: container.lack,
      image: container.image,
      ready: container.ready,
      restarts: container.restarts,
      reason: container.state.waiting?.message ?? container.state.waiting?.reason,
    }))
    return { namespace, name, ready: real.ready, containers }
  })
  const names = [...replicas.values()].map(({ pod }) => `${pod.metadata.namespace}/${pod.metadata.name}`)
  return { at: new Date().toISOString(), problem, pods, replicas: names, closed: doors.problems() }
}
