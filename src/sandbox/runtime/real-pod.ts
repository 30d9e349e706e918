import { createHash } from 'node:crypto'
import { mkdir, rm, writeFile } from 'node:fs/promises'
import type { Server } from 'node:net'
import { join } from 'node:path'
import type { Api } from '../control-plane/api.ts'
import { packageFile } from '../package-root.ts'
import type { SandboxWorld } from '../part.ts'
import { podAddress } from './address.ts'
import { createContainer, type RealContainer } from './container.ts'
import type { EventRecorder } from './events.ts'
import { podIdentity } from './identity.ts'
import type { Behind } from './kubelet.ts'
import { launchOf, writeHosts } from './launch.ts'
import { keepFresh, untilMounted } from './mounting.ts'
import type { Container, Pod, Service } from './objects.ts'
import { type Dial, serveOutbound } from './outbound.ts'
import { HOST_ADDRESS, type Part, podSeen, seenOf } from './pod-seen.ts'
import { probeOnce } from './probes.ts'
import { initProgram, lackOf, type Program, type Programs, realProgram, TLS_REMEDY } from './programs.ts'
import { createPublisher, type Publisher } from './publisher.ts'
import type { Address } from './routes.ts'
import { type Shim, startShim } from './shim.ts'
import { liveData } from './sources.ts'
import { type PodSeen, type Seen, timestamp } from './status.ts'
import { materialize } from './volumes.ts'

export interface PodHome {
  readonly world: SandboxWorld
  readonly api: Api
  readonly programs: Programs
  readonly events: EventRecorder
  /** Services that a Pod's environment names: its namespace's, and the API server's. */
  readonly servicesFor: (namespace: string) => readonly Service[]
  /** Where a connection from inside leads; undefined = nowhere. */
  readonly dial: Dial
  /** Set where the Pod sets nothing itself, e.g. endpoints of the AWS emulator. */
  readonly added: Readonly<Record<string, string>>
  /** Ports of this machine that every Pod may reach. */
  readonly open: readonly Address[]
}

/** A Pod that real processes stand behind. */
export interface RealPod {
  readonly pod: Pod
  readonly folder: string
  readonly ready: boolean
  readonly containers: readonly (Seen & { readonly program: string | undefined; readonly lack: string | undefined })[]
  /** All that its status tells. */
  seen(): PodSeen
  /** What stands behind a container of this name. */
  behind(container: string): Behind
  /** Newer state of the object. */
  update(pod: Pod): void
  /** Names and addresses of Services that it may reach now. */
  reach(names: readonly string[], addresses: readonly Address[]): Promise<void>
  /** Ends its processes, first asking them to; resolves when they are gone. */
  stop(): Promise<void>
}

interface Living extends PodHome {
  readonly folder: string
  readonly address: string
  readonly startTime: string
  readonly stopping: AbortController
  readonly publisher: Publisher
  shim: Shim | undefined
  init: readonly Part[]
  main: readonly Part[]
  names: readonly string[]
  addresses: readonly Address[]
  outbound: Server | undefined
}

/** Folder of a Pod: short, because sockets lie in it. */
const podFolder = (world: Pick<SandboxWorld, 'dir'>, { metadata }: Pod): string =>
  join(world.dir, 'pods', createHash('sha256').update(metadata.uid).digest('hex').slice(0, 10))

/** Starts what stands behind a Pod and keeps its status true until `stop`. */
export function startRealPod(home: PodHome, pod: Pod): RealPod {
  const { containers, initContainers = [] } = pod.spec
  const state: Living = {
    ...home,
    publisher: createPublisher(home.api, pod, () => podSeen(state)),
    folder: podFolder(home.world, pod),
    address: podAddress(pod.metadata.uid),
    startTime: pod.status?.startTime ?? timestamp(),
    stopping: new AbortController(),
    shim: undefined,
    init: initContainers.map((container) => part(container, initProgram(container, home.programs))),
    main: containers.map((container) => part(container, realProgram(container, home.programs))),
    names: [],
    addresses: [],
    outbound: undefined,
  }
  tellLacks(state)
  const living = live(state).catch((error: unknown) => complain(state, error))
  return {
    get pod() {
      return state.publisher.pod()
    },
    folder: state.folder,
    get ready() {
      return state.main.every((one) => seenOf(state, one).ready)
    },
    get containers() {
      return state.main.map((one) => ({
        ...seenOf(state, one),
        program: one.program?.title,
        lack: lackOf(one.container, state.programs),
      }))
    },
    seen: () => podSeen(state),
    behind: (container) => behind(state, container),
    update: (newer) => state.publisher.update(newer),
    reach: (names, addresses) => reach(state, names, addresses),
    async stop() {
      state.stopping.abort()
      await living
      await state.shim?.close()
      state.outbound?.close()
      await rm(state.folder, { recursive: true, force: true })
    },
  }
}

function behind({ init, main, folder }: Living, container: string): Behind {
  const one = [...init, ...main].find((part) => part.container.name === container)
  if (one?.program === undefined) return { kind: 'simulated' }
  return one.real?.seen().state.running === undefined ? { kind: 'nothing' } : { kind: 'real', folder }
}

/** Simulated although its image is known: said where everybody looks, with what to do. */
function tellLacks({ main, programs, events, publisher }: Living): void {
  for (const lack of main.flatMap(({ container }) => lackOf(container, programs) ?? [])) {
    void events
      .warn(publisher.pod(), 'Simulated', `${lack}: nobody answers in this pod; ${TLS_REMEDY}`)
      .catch(() => undefined)
  }
}

const part = (container: Container, program: Program | undefined): Part => ({ container, program, real: undefined })

async function live(state: Living): Promise<void> {
  const { signal } = state.stopping
  try {
    await mkdir(join(state.folder, 'logs'), { recursive: true, mode: 0o700 })
    state.publisher.publish()
    const spec = {
      hostname: state.publisher.pod().spec.hostname ?? state.publisher.pod().metadata.name,
      address: state.address,
    }
    await writeFile(join(state.folder, 'spec.json'), JSON.stringify(spec))
    await writeHosts(join(state.folder, 'hosts'), state.names)
    state.outbound = await serveOutbound(state.folder, state.dial)
    const mounting = { ...volumeHome(state), pod: state.publisher.pod, events: state.events, signal }
    const volumes = await untilMounted(mounting)
    const python = state.world.tools.python ?? 'python3'
    const program = packageFile('sandbox', 'runtime', 'pod.py')
    state.shim = await startShim({ python, program, folder: state.folder, environment: state.world.environment })
    for (const { address, port } of [...state.open, ...state.addresses]) state.shim.listen(address, port)
    void keepFresh(mounting)
    await runAll(state, volumes)
  } catch (error) {
    if (!signal.aborted) throw error
  }
}

/** The namespaces could not be made, or something of ours failed: said where everybody looks. */
function complain(state: Living, error: unknown): void {
  const message = error instanceof Error ? error.message : String(error)
  state.main = state.main.map((one) => ({ ...one, real: broken(one, message) }))
  void state.events.warn(state.publisher.pod(), 'FailedCreatePodSandBox', `Failed to create pod sandbox: ${message}`)
  state.publisher.publish()
}

function broken({ container }: Part, message: string): RealContainer {
  const { name, image } = container
  const state = { waiting: { reason: 'CreateContainerError', message } }
  return { seen: () => ({ name, image, state, restarts: 0, ready: false, started: false }), run: async () => false }
}

async function runAll(state: Living, volumes: ReadonlyMap<string, string>): Promise<void> {
  const { signal } = state.stopping
  const policy = state.publisher.pod().spec.restartPolicy ?? 'Always'
  for (const one of state.init) if (!(await initialize(state, one, volumes))) return
  for (const one of state.main) {
    if (one.program) one.real = makeReal(state, one.container, { program: one.program, volumes, restart: policy })
  }
  state.publisher.publish()
  await Promise.all(state.main.map((one) => one.real?.run(signal)))
}

/** Runs an init container to its end, or starts a sidecar; false when it failed for good. */
async function initialize(state: Living, one: Part, volumes: ReadonlyMap<string, string>): Promise<boolean> {
  const { container, program } = one
  if (program === undefined) return true
  const { signal } = state.stopping
  const policy = state.publisher.pod().spec.restartPolicy === 'Never' ? 'Never' : 'OnFailure'
  const isSidecar = container.restartPolicy === 'Always'
  one.real = makeReal(state, container, { program, volumes, restart: isSidecar ? 'Always' : policy })
  const running = one.real.run(signal)
  if (isSidecar) running.catch((error: unknown) => complain(state, error))
  return isSidecar || (await running)
}

const SIGTERM = 15

interface Making {
  readonly program: Program
  readonly volumes: ReadonlyMap<string, string>
  readonly restart: 'Always' | 'OnFailure' | 'Never'
}

function makeReal(state: Living, container: Container, { program, volumes, restart }: Making): RealContainer {
  const { shim, folder, address } = state
  if (shim === undefined) throw new Error('the namespaces are not there')
  const log = { current: logOf(folder, container.name), previous: logOf(folder, `${container.name}.previous`) }
  const lookup = liveData(state.api)
  const { metadata } = state.publisher.pod()
  return createContainer({
    container,
    shim,
    log,
    restart,
    pod: `${metadata.name}_${metadata.namespace}(${metadata.uid})`,
    stopSignal: program.stopSignal ?? SIGTERM,
    ask: (probe) => probeOnce(probe, { container, folder, address, shim }),
    changed: () => state.publisher.publish(),
    warn: (reason, message) => void state.events.warn(state.publisher.pod(), reason, message).catch(() => undefined),
    async resolve() {
      const { api, world } = state
      const pod = state.publisher.pod()
      const identity = await podIdentity(api, pod, world.aws)
      const tokens = identity && (await materialize(volumeHome(state), pod, identity.volume))
      return await launchOf({
        pod,
        container,
        program,
        facts: { address, hostAddress: HOST_ADDRESS },
        lookup,
        services: state.servicesFor(metadata.namespace),
        volumes,
        log: log.current,
        added: { ...state.added, ...identity?.environment },
        extraBinds: identity && tokens !== undefined ? [[tokens, identity.mountPath, true]] : [],
      })
    },
  })
}

/** Log of a container, in a folder that kwok reads too. */
export const logOf = (folder: string, name: string): string => join(folder, 'logs', `${name}.log`)

function volumeHome({ api, folder, world, address }: Living) {
  return {
    api,
    lookup: liveData(api),
    folder: join(folder, 'volumes'),
    persistent: join(world.dir, 'volumes'),
    facts: { address, hostAddress: HOST_ADDRESS },
  }
}

async function reach(state: Living, names: readonly string[], addresses: readonly Address[]): Promise<void> {
  const keyOf = ({ address, port }: Address) => `${address}:${port}`
  const before = new Set(state.addresses.map(keyOf))
  const after = new Set(addresses.map(keyOf))
  for (const one of addresses) if (!before.has(keyOf(one))) state.shim?.listen(one.address, one.port)
  for (const one of state.addresses) if (!after.has(keyOf(one))) state.shim?.unlisten(one.address, one.port)
  const changed = names.join() !== state.names.join()
  state.names = names
  state.addresses = addresses
  if (changed) await writeHosts(join(state.folder, 'hosts'), names).catch(() => undefined)
}
