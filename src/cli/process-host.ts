import { setMaxListeners } from 'node:events'
import { isatty } from 'node:tty'
import type { Host } from './host.ts'

/** The real process. */
export function processHost(): Host {
  // One signal stops everything that runs side by side: many listeners are no leak here.
  setMaxListeners(0)
  if (isatty(KEYBOARD)) process.once('exit', dieOfHangUp)
  return {
    env: process.env,
    cwd: process.cwd(),
    stdin: process.stdin,
    stdout: outlive(process.stdout),
    stderr: outlive(process.stderr),
    onStop,
    exit: (code) => process.exit(code),
    openWorld: async (request) => (await import('./services.ts')).openWorld(request),
    openAccount: async (place) => (await import('./account.ts')).openAccount(place),
  }
}

const STOPPING = ['SIGINT', 'SIGTERM', 'SIGHUP'] as const

function onStop(listener: () => void): () => void {
  let hungUp = false
  const onSignal = (signal: NodeJS.Signals) => {
    // Shell and kernel both tell that the terminal is gone: the second time says nothing new.
    if (signal === 'SIGHUP' && hungUp) return
    hungUp ||= signal === 'SIGHUP'
    listener()
  }
  for (const signal of STOPPING) process.on(signal, onSignal)
  return () => {
    for (const signal of STOPPING) process.off(signal, onSignal)
  }
}

/** File descriptor of standard input. */
const KEYBOARD = 0

/**
 * Node aborts, with a core dump, when it gives back a terminal that is gone; to die of the signal is what a shell expects.
 * The end of the input may be noticed before the signal is, so the terminal itself is asked.
 */
function dieOfHangUp(): void {
  if (isatty(KEYBOARD)) return
  process.removeAllListeners('SIGHUP')
  process.kill(process.pid, 'SIGHUP')
}

/** A terminal or a reader that went away ends the output, not the run: changes under way reach their safe point. */
function outlive(stream: NodeJS.WriteStream): NodeJS.WriteStream {
  return stream.on('error', (error: NodeJS.ErrnoException) => {
    if (error.code !== 'EPIPE' && error.code !== 'EIO') throw error
  })
}
