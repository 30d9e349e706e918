import type { Path } from './merge.ts'

/** A problem before it is known where its value comes from. */
export interface Fault {
  readonly path: Path
  readonly message: string
  /** The key itself is at fault, not its value. */
  readonly atKey?: boolean
}
