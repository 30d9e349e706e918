import type { Eks, Sts } from '../ports/index.ts'
import type { OpenWorld } from './world.ts'

/** A stream that may be a terminal. */
export type Output = NodeJS.WritableStream & {
  readonly isTTY?: boolean | undefined
  readonly columns?: number | undefined
}
type Input = NodeJS.ReadableStream & { readonly isTTY?: boolean | undefined }

/** Which account, before there is a configuration that names it. */
export type OpenAccount = (place: {
  readonly region: string
  readonly profile?: string | undefined
  readonly endpointUrl?: string | undefined
}) => Promise<{ readonly sts: Sts; readonly eks: Eks }>

/** All that the program sees of its process. Tests hand in their own. */
export interface Host {
  readonly env: Readonly<Record<string, string | undefined>>
  readonly cwd: string
  readonly stdin: Input
  readonly stdout: Output
  readonly stderr: Output
  /** Calls back on SIGINT, SIGTERM and SIGHUP (the terminal was closed), until the returned function is called. */
  onStop(listener: () => void): () => void
  /** Ends the process at once. */
  exit(code: number): void
  readonly openWorld: OpenWorld
  readonly openAccount: OpenAccount
}
