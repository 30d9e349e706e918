import { setMaxListeners } from 'node:events'
import type { OpenWorld } from './world.ts'

/** A stream that may be a terminal. */
export type Output = NodeJS.WritableStream & {
  readonly isTTY?: boolean | undefined
  readonly columns?: number | undefined
}
type Input = NodeJS.ReadableStream & { readonly isTTY?: boolean | undefined }

/** All that the program sees of its process. Tests hand in their own. */
export interface Host {
  readonly env: Readonly<Record<string, string | undefined>>
  readonly cwd: string
  readonly stdin: Input
  readonly stdout: Output
  readonly stderr: Output
  /** Calls back on SIGINT and SIGTERM, until the returned function is called. */
  onStop(listener: (signal: 'SIGINT' | 'SIGTERM') => void): () => void
  /** Ends the process at once. */
  exit(code: number): void
  readonly openWorld: OpenWorld
}

/** The real process. */
export function processHost(): Host {
  // One signal stops everything that runs side by side: many listeners are no leak here.
  setMaxListeners(0)
  return {
    env: process.env,
    cwd: process.cwd(),
    stdin: process.stdin,
    stdout: process.stdout,
    stderr: process.stderr,
    onStop,
    exit: (code) => process.exit(code),
    openWorld: async (request) => (await import('./services.ts')).openWorld(request),
  }
}

function onStop(listener: (signal: 'SIGINT' | 'SIGTERM') => void): () => void {
  const onInt = () => listener('SIGINT')
  const onTerm = () => listener('SIGTERM')
  process.on('SIGINT', onInt)
  process.on('SIGTERM', onTerm)
  return () => {
    process.off('SIGINT', onInt)
    process.off('SIGTERM', onTerm)
  }
}
