import { rename } from 'node:fs/promises'
import { setTimeout as sleep } from 'node:timers/promises'
import { restartDelays } from './backoff.ts'
import type { Container, ContainerState, Probe } from './objects.ts'
import { keepProbing } from './prober.ts'
import type { Ended, Launch, Shim } from './shim.ts'
import { Missing } from './sources.ts'
import { type Seen, timestamp } from './status.ts'

export interface ContainerHome {
  readonly container: Container
  readonly shim: Shim
  /** Where its output goes; the run before is kept beside it. */
  readonly log: { readonly current: string; readonly previous: string }
  /** Everything that the spec names, resolved now. @throws Missing */
  readonly resolve: () => Promise<Launch>
  readonly ask: (probe: Probe) => Promise<string | undefined>
  readonly changed: () => void
  readonly warn: (reason: string, message: string) => void
  /** When it is started anew: `Always`, only after a failure, or never. */
  readonly restart: 'Always' | 'OnFailure' | 'Never'
  readonly pod: string
  /** Number of the signal that asks the program to end. */
  readonly stopSignal: number
}

/** A container that is real. */
export interface RealContainer {
  seen(): Seen
  /** Runs it, restarts included, until it has ended for good or `signal` aborts; true when it ended well. */
  run(signal: AbortSignal): Promise<boolean>
}

/** A kubelet looks again about this often at what it could not resolve. */
const RESOLVE_AGAIN_MS = 1_000
const TERM_GRACE_MS = 5_000

/** Keeps one real container as a kubelet does: configuration errors, restarts with back-off, probes. */
export function createContainer(home: ContainerHome): RealContainer {
  const { container } = home
  let seen: Seen = {
    name: container.name,
    image: container.image,
    state: { waiting: { reason: 'PodInitializing' } },
    restarts: 0,
    ready: false,
    started: false,
  }
  const set = (change: Partial<Seen>): void => {
    seen = { ...seen, ...change }
    home.changed()
  }
  return { seen: () => seen, run: (signal) => keepRunning(home, { set, seen: () => seen }, signal) }
}

interface Board {
  readonly set: (change: Partial<Seen>) => void
  readonly seen: () => Seen
}

async function keepRunning(home: ContainerHome, board: Board, signal: AbortSignal): Promise<boolean> {
  const delays = restartDelays()
  for (;;) {
    const launch = await untilResolved(home, board, signal)
    await keepLog(home)
    const began = performance.now()
    const terminated = await runOnce(home, board, launch, signal)
    board.set({ state: { terminated }, ready: false, started: false })
    const failed = terminated.exitCode !== 0
    if (signal.aborted || home.restart === 'Never' || (home.restart === 'OnFailure' && !failed)) return !failed
    await backOff(home, board, { delayMs: delays.next(performance.now() - began), terminated, signal })
    board.set({ restarts: board.seen().restarts + 1, lastState: { terminated } })
  }
}

async function untilResolved(home: ContainerHome, board: Board, signal: AbortSignal): Promise<Launch> {
  for (;;) {
    signal.throwIfAborted()
    try {
      return await home.resolve()
    } catch (error) {
      if (!(error instanceof Missing)) throw error
      const { waiting } = board.seen().state
      if (waiting?.message !== error.message) {
        board.set({ state: { waiting: { reason: 'CreateContainerConfigError', message: error.message } } })
        home.warn('Failed', `Error: ${error.message}`)
      }
      await sleep(RESOLVE_AGAIN_MS, undefined, { signal })
    }
  }
}

async function keepLog({ log }: ContainerHome): Promise<void> {
  await rename(log.current, log.previous).catch((error: NodeJS.ErrnoException) => {
    if (error.code !== 'ENOENT') throw error
  })
}

type Terminated = NonNullable<ContainerState['terminated']>

async function runOnce(home: ContainerHome, { set }: Board, launch: Launch, signal: AbortSignal): Promise<Terminated> {
  const startedAt = timestamp()
  const over = new AbortController()
  const onStarted = () => {
    set({ state: { running: { startedAt } } })
    void keepProbing({
      container: home.container,
      ask: home.ask,
      signal: over.signal,
      onStarted: () => set({ started: true }),
      onReady: (ready) => set({ ready }),
      onFailure: (kind, message) => home.warn('Unhealthy', `${kind} probe failed: ${message}`),
      onDead(kind) {
        home.warn('Killing', `Container ${home.container.name} failed ${kind.toLowerCase()} probe, will be restarted`)
        void end(home, over.signal)
      },
    })
  }
  const onAbort = () => void end(home, over.signal)
  signal.addEventListener('abort', onAbort, { once: true })
  try {
    return terminatedState(await home.shim.start(launch, onStarted), startedAt)
  } finally {
    signal.removeEventListener('abort', onAbort)
    over.abort()
  }
}

/** The image's signal, and SIGKILL when that was not enough. */
async function end({ shim, container, stopSignal }: ContainerHome, over: AbortSignal): Promise<void> {
  shim.signal(container.name, stopSignal)
  await sleep(TERM_GRACE_MS, undefined, { signal: over }).then(
    () => shim.signal(container.name, 9),
    () => undefined,
  )
}

/** Source: k8s.io/kubernetes/pkg/kubelet/kuberuntime; 128 and StartError are containerd's for what could not be started. */
function terminatedState(ended: Ended, startedAt: string): Terminated {
  const finishedAt = timestamp()
  if (ended.kind === 'failed') {
    return { exitCode: 128, reason: 'StartError', message: ended.message, startedAt, finishedAt }
  }
  return { exitCode: ended.code, reason: ended.code === 0 ? 'Completed' : 'Error', startedAt, finishedAt }
}

interface Wait {
  readonly delayMs: number
  readonly terminated: Terminated
  readonly signal: AbortSignal
}

async function backOff(home: ContainerHome, board: Board, { delayMs, terminated, signal }: Wait): Promise<void> {
  if (delayMs === 0) return
  const what = `back-off ${delayMs >= 60_000 ? `${Math.floor(delayMs / 60_000)}m${(delayMs % 60_000) / 1000}s` : `${delayMs / 1000}s`}`
  const message = `${what} restarting failed container=${home.container.name} pod=${home.pod}`
  board.set({ state: { waiting: { reason: 'CrashLoopBackOff', message } }, lastState: { terminated } })
  home.warn('BackOff', `Back-off restarting failed container ${home.container.name} in pod ${home.pod}`)
  await sleep(delayMs, undefined, { signal })
}
