import type { Condition, ContainerState, ContainerStatus, Pod } from './objects.ts'

/** What is known of one container. */
export interface Seen {
  readonly name: string
  readonly image: string
  readonly state: ContainerState
  readonly lastState?: ContainerState | undefined
  readonly restarts: number
  readonly ready: boolean
  readonly started: boolean
}

export interface PodSeen {
  readonly address: string
  readonly hostAddress: string
  readonly startTime: string
  readonly init: readonly Seen[]
  readonly containers: readonly Seen[]
}

const NOT_READY = 'ContainersNotReady'

/** The status that a kubelet would report. Source: k8s.io/kubernetes/pkg/kubelet/status/generate.go and kubelet_pods.go, getPhase. */
export function podStatus(pod: Pod, seen: PodSeen, now: string): object {
  const initialized = seen.init.every(({ state, ready }) => state.terminated?.exitCode === 0 || ready)
  const ready = initialized && seen.containers.every((container) => container.ready)
  const phase = phaseOf(pod, seen, initialized)
  return {
    phase,
    startTime: seen.startTime,
    hostIP: seen.hostAddress,
    hostIPs: [{ ip: seen.hostAddress }],
    podIP: seen.address,
    podIPs: [{ ip: seen.address }],
    conditions: conditions(pod, { initialized, ready, seen, now, phase }),
    containerStatuses: seen.containers.map(statusOf),
    ...(seen.init.length === 0 ? {} : { initContainerStatuses: seen.init.map(statusOf) }),
  }
}

const statusOf = ({ name, image, state, lastState, restarts, ready, started }: Seen): ContainerStatus => ({
  name,
  image,
  imageID: '',
  ready,
  started,
  restartCount: restarts,
  state,
  ...(lastState === undefined ? {} : { lastState }),
})

function phaseOf(pod: Pod, { containers }: PodSeen, initialized: boolean): string {
  if (!initialized || containers.some(({ state, lastState }) => state.waiting && !lastState?.terminated))
    return 'Pending'
  const policy = pod.spec.restartPolicy ?? 'Always'
  const ended = containers.every(({ state }) => state.terminated !== undefined)
  if (!ended || policy === 'Always') return 'Running'
  const failed = containers.some(({ state }) => state.terminated?.exitCode !== 0)
  if (!failed) return 'Succeeded'
  return policy === 'Never' ? 'Failed' : 'Running'
}

interface Judged {
  readonly initialized: boolean
  readonly ready: boolean
  readonly seen: PodSeen
  readonly now: string
  readonly phase: string
}

function conditions(pod: Pod, { initialized, ready, seen, now, phase }: Judged): readonly Condition[] {
  const before = new Map((pod.status?.conditions ?? []).map((condition) => [condition.type, condition]))
  const unready = seen.containers.filter((container) => !container.ready).map(({ name }) => name)
  const done = phase === 'Succeeded' ? 'PodCompleted' : NOT_READY
  const why = { reason: done, message: `containers with unready status: [${unready.join(' ')}]` }
  const set = (type: string, holds: boolean, reason: object) => {
    const status = holds ? 'True' : 'False'
    const known = before.get(type)
    const lastTransitionTime = known?.status === status ? (known.lastTransitionTime ?? now) : now
    before.set(type, { type, status, lastTransitionTime, ...(holds ? {} : reason) })
  }
  const incomplete = seen.init.filter(({ state }) => state.terminated?.exitCode !== 0).map(({ name }) => name)
  set('PodReadyToStartContainers', true, {})
  set('Initialized', initialized, {
    reason: 'ContainersNotInitialized',
    message: `containers with incomplete status: [${incomplete.join(' ')}]`,
  })
  for (const { conditionType } of pod.spec.readinessGates ?? []) set(conditionType, true, {})
  set('ContainersReady', ready, why)
  set('Ready', ready, why)
  return [...before.values()]
}

/** As the API writes times. */
export const timestamp = (): string => new Date().toISOString().replace(/\.\d+Z$/, 'Z')
