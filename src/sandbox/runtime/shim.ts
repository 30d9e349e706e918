import { type ChildProcessWithoutNullStreams, spawn } from 'node:child_process'
import { EventEmitter, once } from 'node:events'
import { connect, type Socket } from 'node:net'
import { relative } from 'node:path'
import { createInterface } from 'node:readline'

/** A container as `sandbox/runtime/pod.py` starts it. */
export interface Launch {
  readonly id: string
  readonly argv: readonly string[]
  readonly env: Readonly<Record<string, string>>
  readonly cwd: string
  /** User and group ids inside. */
  readonly user: readonly [number, number]
  readonly readOnlyRoot: boolean
  /** Log file in the CRI format. */
  readonly log: string
  /** Source, target, read-only. */
  readonly binds: readonly (readonly [string, string, boolean])[]
}

export type Ended =
  | { readonly kind: 'exited'; readonly code: number; readonly signal: number }
  /** It could not be started at all. */
  | { readonly kind: 'failed'; readonly message: string }

interface Told {
  readonly event: 'ready' | 'started' | 'failed' | 'exited' | 'execed' | 'unreachable'
  readonly id?: string
  readonly code?: number
  readonly signal?: number
  readonly message?: string
  readonly output?: string
}

/** The namespaces of one Pod, from outside. */
export interface Shim {
  /** Resolves when the container ended. */
  start(launch: Launch, onStarted: () => void): Promise<Ended>
  signal(container: string, signal: number): void
  exec(
    container: string,
    argv: readonly string[],
    timeoutS: number,
  ): Promise<{ readonly code: number; readonly output: string }>
  /** Makes `address:port` reachable in the Pod. */
  listen(address: string, port: number): void
  unlisten(address: string, port: number): void
  /** Aborts when the namespaces are gone, whoever ended them. */
  readonly gone: AbortSignal
  /** Ends everything inside at once. */
  close(): Promise<void>
}

export interface ShimPlace {
  readonly python: string
  /** `sandbox/runtime/pod.py` */
  readonly program: string
  /** Folder of the Pod, with spec.json and hosts in it. */
  readonly folder: string
  readonly environment: Readonly<Record<string, string>>
}

/** Starts a Pod's namespaces. @throws Error with the kernel's reason when it refuses them */
export async function startShim({ python, program, folder, environment }: ShimPlace): Promise<Shim> {
  const child = spawn(python, ['-E', '-s', '-B', program, 'spec.json'], {
    cwd: folder,
    env: { ...environment },
    stdio: ['pipe', 'pipe', 'pipe'],
  })
  const events = new EventEmitter<Record<string, [Told]>>()
  events.setMaxListeners(0)
  const gone = new AbortController()
  let complaints = ''
  child.stderr.on('data', (chunk: Buffer) => {
    complaints = `${complaints}${chunk.toString()}`.slice(-2000)
  })
  createInterface({ input: child.stdout }).on('line', (line) => {
    const told = JSON.parse(line) as Told
    events.emit(told.event === 'ready' ? 'ready' : `${told.event === 'execed' ? 'exec' : 'container'} ${told.id}`, told)
  })
  child.on('error', (error) => gone.abort(error))
  child.on('exit', () => gone.abort(new Error(complaints.trim().split('\n').at(-1) || 'the namespaces ended')))
  child.stdin.on('error', () => undefined)
  await once(events, 'ready', { signal: gone.signal }).catch(() => {
    throw gone.signal.reason
  })
  return shimOf(child, events, gone.signal)
}

function shimOf(
  child: ChildProcessWithoutNullStreams,
  events: EventEmitter<Record<string, [Told]>>,
  gone: AbortSignal,
): Shim {
  const order = (command: object) => child.stdin.write(`${JSON.stringify(command)}\n`)
  let commands = 0
  return {
    gone,
    start: (launch, onStarted) =>
      new Promise((resolve) => {
        const name = `container ${launch.id}`
        const finish = (ended: Ended) => {
          events.off(name, onEvent)
          gone.removeEventListener('abort', onGone)
          resolve(ended)
        }
        const onGone = () => finish({ kind: 'exited', code: 137, signal: 9 })
        const onEvent = ({ event, code = 0, signal = 0, message = '' }: Told) => {
          if (event === 'started') onStarted()
          if (event === 'failed') finish({ kind: 'failed', message })
          if (event === 'exited') finish({ kind: 'exited', code, signal })
        }
        events.on(name, onEvent)
        gone.addEventListener('abort', onGone)
        order({ op: 'start', ...launch })
      }),
    signal: (id, signal) => order({ op: 'signal', id, signal }),
    async exec(container, argv, timeoutS) {
      commands += 1
      const id = String(commands)
      const answer = once(events, `exec ${id}`, { signal: gone }) as Promise<[Told]>
      order({ op: 'exec', id, container, argv, timeout: timeoutS })
      const [{ code = -1, output = '' }] = await answer
      return { code, output }
    },
    listen: (address, port) => order({ op: 'listen', address, port }),
    unlisten: (address, port) => order({ op: 'unlisten', address, port }),
    async close() {
      if (gone.aborted) return
      child.stdin.end()
      await Promise.race([once(child, 'exit'), new Promise((resolve) => setTimeout(resolve, 2_000).unref())])
      child.kill('SIGKILL')
    },
  }
}

/**
 * Connects to a port of the Pod at the Pod's own address.
 * @param folder the Pod's; the path of its socket is taken relative, because the system allows 107 characters
 * @throws Error with the reason, e.g. `Connection refused`
 */
export async function connectInto(folder: string, port: number): Promise<Socket> {
  const socket = connect({ path: relative(process.cwd(), `${folder}/in.sock`) })
  try {
    await once(socket, 'connect')
    socket.write(`${port}\n`)
    const answer = await firstLine(socket)
    if (answer === 'ok') return socket
    throw new Error(answer.replace(/^no /, '') || 'the Pod does not answer')
  } catch (error) {
    socket.destroy()
    throw error
  }
}

/** Reads up to the first line feed and leaves the rest in the stream. */
export async function firstLine(socket: Socket): Promise<string> {
  let text = ''
  for (;;) {
    const byte = socket.read(1) as Buffer | null
    if (byte === null) {
      if (socket.readableEnded || socket.destroyed) return text
      await Promise.race([once(socket, 'readable'), once(socket, 'end'), once(socket, 'close')])
      continue
    }
    const character = byte.toString('latin1')
    if (character === '\n' || text.length > 200) return text
    text += character
  }
}
