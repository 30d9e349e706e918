import { kube } from '../sandbox-aws/kube.ts'
import type { Stage } from './world.ts'

/** kwok leaves the pods of nodes with this beginning alone (sandbox/kwok/stages), so that a test can be their kubelet. */
const NODE = 'by-hand-1'

interface ContainerState {
  readonly waiting?: { readonly reason: string; readonly message?: string }
  readonly running?: { readonly startedAt: string }
  readonly terminated?: {
    readonly reason: string
    readonly exitCode: number
    readonly startedAt: string
    readonly finishedAt: string
  }
}

interface ContainerStatus {
  readonly ready: boolean
  readonly restartCount: number
  readonly state: ContainerState
  readonly lastState?: ContainerState
}

export interface Pod {
  readonly metadata: {
    readonly name: string
    readonly namespace: string
    readonly uid: string
    readonly ownerReferences?: readonly { readonly kind: string }[]
  }
  readonly spec: { readonly containers: readonly { readonly name: string; readonly image: string }[] }
}

/** What a kubelet reports of a pod next, and the events that it records with it. */
export interface Report {
  readonly phase: 'Pending' | 'Running' | 'Failed' | 'Succeeded'
  /** Status of every container; absent: the first is as `container` tells, the others run. */
  readonly container: ContainerStatus
  readonly events?: readonly { readonly reason: string; readonly message: string; readonly type?: 'Normal' }[]
  /** Before the next report. */
  readonly afterMs?: number
}

export type Part = (pod: Pod, now: () => string) => readonly Report[]

/** What becomes of pods: those of Jobs, and all others. */
export interface Play {
  readonly job?: Part
  readonly pod?: Part
}

const endsWell: Part = (_pod, now) => {
  const at = now()
  const terminated = { reason: 'Completed', exitCode: 0, startedAt: at, finishedAt: at }
  return [{ phase: 'Succeeded', container: { ready: false, restartCount: 0, state: { terminated } } }]
}

const goesOn: Part = (_pod, now) => [
  { phase: 'Running', container: { ready: true, restartCount: 0, state: { running: { startedAt: now() } } } },
]

const isOfJob = ({ metadata }: Pod): boolean => metadata.ownerReferences?.some(({ kind }) => kind === 'Job') === true

const seconds = (): string => new Date().toISOString().replace(/\.\d+Z$/, 'Z')

/** A node of which the test is the kubelet, and the only one that takes new pods until `end`. */
export class Kubelet {
  /** Milliseconds since the epoch at which it first reported something bad. */
  firstReportAt: number | undefined
  readonly #stage: Stage
  readonly #play: Play
  readonly #playing = new Map<string, Promise<void>>()
  #stopped = false
  #watching: Promise<void> = Promise.resolve()

  constructor(stage: Stage, play: Play) {
    this.#stage = stage
    this.#play = play
  }

  async begin(zone: string): Promise<void> {
    const { at, connection } = this.#stage
    const nodes = await at.kube.list({ apiVersion: 'v1', kind: 'Node' })
    const [like] = nodes.filter(({ metadata }) => metadata.labels?.['topology.kubernetes.io/zone'] === zone)
    if (!like) throw new Error(`no node in ${zone}`)
    const labels = { ...like.metadata.labels, 'kubernetes.io/hostname': NODE }
    await at.kube.create({ apiVersion: 'v1', kind: 'Node', metadata: { name: NODE, labels } })
    const { allocatable, capacity } = like.status as Record<string, unknown>
    await kube(connection, 'PATCH', `/api/v1/nodes/${NODE}/status`, { status: { allocatable, capacity } })
    for (const { metadata } of nodes)
      await at.kube.patch({ apiVersion: 'v1', kind: 'Node', name: metadata.name }, { spec: { unschedulable: true } })
    this.#watching = this.#watch()
  }

  async end(): Promise<void> {
    const { at } = this.#stage
    this.#stopped = true
    await this.#watching
    await Promise.all(this.#playing.values())
    for (const { metadata } of await at.kube.list({ apiVersion: 'v1', kind: 'Node' }))
      if (metadata.name !== NODE)
        await at.kube.patch({ apiVersion: 'v1', kind: 'Node', name: metadata.name }, { spec: { unschedulable: false } })
    for (const pod of await this.#pods()) {
      const { name, namespace } = pod.metadata
      await kube(this.#stage.connection, 'DELETE', `/api/v1/namespaces/${namespace}/pods/${name}`, {
        gracePeriodSeconds: 0,
      }).catch(() => undefined)
    }
    await at.kube.remove({ apiVersion: 'v1', kind: 'Node', name: NODE })
  }

  async #pods(): Promise<readonly Pod[]> {
    const found = await this.#stage.at.kube.list({
      apiVersion: 'v1',
      kind: 'Pod',
      fieldSelector: `spec.nodeName=${NODE}`,
    })
    return found.filter(({ metadata }) => metadata.deletionTimestamp === undefined) as unknown as Pod[]
  }

  async #watch(): Promise<void> {
    while (!this.#stopped) {
      for (const pod of await this.#pods())
        if (!this.#playing.has(pod.metadata.uid)) this.#playing.set(pod.metadata.uid, this.#tend(pod))
      await new Promise((resolve) => setTimeout(resolve, 150))
    }
  }

  async #tend(pod: Pod): Promise<void> {
    const { job = endsWell, pod: other = goesOn } = this.#play
    for (const report of (isOfJob(pod) ? job : other)(pod, seconds)) {
      if (this.#stopped) return
      await this.#tell(pod, report).catch((error: unknown) => {
        // It was taken away in the meantime.
        if (!/not found/.test(String(error))) throw error
      })
      if (!report.container.ready && report.phase !== 'Succeeded') this.firstReportAt ??= Date.now()
      await new Promise((resolve) => setTimeout(resolve, report.afterMs ?? 0))
    }
  }

  async #tell(pod: Pod, { phase, container, events = [] }: Report): Promise<void> {
    const { namespace, name, uid } = pod.metadata
    const { connection } = this.#stage
    for (const { reason, message, type = 'Warning' } of events) {
      await kube(connection, 'POST', `/api/v1/namespaces/${namespace}/events`, {
        metadata: { generateName: `${name}.`, namespace },
        involvedObject: { apiVersion: 'v1', kind: 'Pod', namespace, name, uid },
        reason,
        message,
        type,
        count: 1,
        firstTimestamp: seconds(),
        lastTimestamp: seconds(),
        source: { component: 'kubelet', host: NODE },
      })
    }
    const unready = container.ready
      ? { status: 'True' }
      : {
          status: 'False',
          reason: 'ContainersNotReady',
          message: `containers with unready status: [${pod.spec.containers[0]?.name}]`,
        }
    const conditions = [
      { type: 'PodScheduled', status: 'True' },
      { type: 'Initialized', status: 'True' },
      { type: 'Ready', ...unready },
      { type: 'ContainersReady', ...unready },
    ].map((condition) => ({ ...condition, lastTransitionTime: seconds() }))
    const containerStatuses = pod.spec.containers.map(({ name: of, image }, index) => ({
      ...(index === 0 || isOfJob(pod) ? container : runs()),
      name: of,
      image,
      imageID: '',
      started: index > 0,
    }))
    await kube(connection, 'PATCH', `/api/v1/namespaces/${namespace}/pods/${name}/status`, {
      status: { phase, conditions, containerStatuses, startTime: seconds() },
    })
  }
}

const runs = (): ContainerStatus => ({ ready: true, restartCount: 0, state: { running: { startedAt: seconds() } } })
