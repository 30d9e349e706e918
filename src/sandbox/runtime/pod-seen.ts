import type { RealContainer } from './container.ts'
import type { Container } from './objects.ts'
import type { Program } from './programs.ts'
import type { PodSeen, Seen } from './status.ts'

/** Where the processes of this machine are, for the status. */
export const HOST_ADDRESS = '127.0.0.1'

/** A container of the Pod: real, or only said to run. */
export interface Part {
  readonly container: Container
  readonly program: Program | undefined
  real: RealContainer | undefined
}

/** What of a Pod tells how it is. */
interface Shown {
  readonly address: string
  readonly startTime: string
  /** Undefined while the Pod has no namespaces. */
  readonly shim: object | undefined
  readonly init: readonly Part[]
  readonly main: readonly Part[]
}

/** All that the status of a Pod tells. */
export function podSeen(state: Shown): PodSeen {
  return {
    address: state.address,
    hostAddress: HOST_ADDRESS,
    startTime: state.startTime,
    init: state.init.map((one) => initSeen(state, one)),
    containers: state.main.map((one) => seenOf(state, one)),
  }
}

/** What is known of one container. */
export function seenOf(state: Shown, { container, program, real }: Part): Seen {
  if (real) return real.seen()
  const { name, image } = container
  const base = { name, image, restarts: 0 }
  const waiting = { ...base, ready: false, started: false }
  if (state.shim === undefined) return { ...waiting, state: { waiting: { reason: 'ContainerCreating' } } }
  const initialized = state.init.every(
    (one) => one.program === undefined || one.real?.seen().state.terminated?.exitCode === 0,
  )
  if (program !== undefined || !initialized) return { ...waiting, state: { waiting: { reason: 'PodInitializing' } } }
  return { ...base, ready: true, started: true, state: { running: { startedAt: state.startTime } } }
}

/** Init containers of unknown images count as done once the Pod has its namespaces. */
function initSeen(state: Shown, one: Part): Seen {
  if (one.real || one.program || state.shim === undefined) return seenOf(state, one)
  const { name, image } = one.container
  const at = state.startTime
  const terminated = { exitCode: 0, reason: 'Completed', startedAt: at, finishedAt: at }
  return { name, image, restarts: 0, ready: true, started: false, state: { terminated } }
}
