import type { DeployedSandbox } from '../e2e/world/deployed.ts'

/** What a run that meets a broken world is asked, and what it is expected to say. */
interface Expected {
  readonly exit: number
  readonly code: string
  readonly root: RegExp
  /** What the next command is; absent: any. */
  readonly hint?: RegExp
}

/** One way in which a platform that works is broken. */
export interface World extends Expected {
  /** Follows "in a world in which". */
  readonly name: string
  /** Breaks it, and resolves when the fault can be seen by who looks. */
  make(stage: Stage): Promise<unknown>
  /** Takes away what a deploy cannot: what somebody else did, outside of what is ours. */
  undo?(stage: Stage): Promise<unknown>
  /** Command that meets it: `diagnose` unless told. A deploy is told by its event stream, as it happens. */
  readonly command?: string
  /** For a deploy: configuration over that of the platform. The world is mended by the platform's own. */
  readonly settings?: Readonly<Record<string, unknown>>
  /** Another way to both APIs than the sandbox's own, and the configuration that leads there. */
  through?(stage: Stage): Promise<Way>
  /** For a deploy: what names the cause first, where the root is found out at the end. */
  readonly early?: RegExp
  /** For a deploy: what it may have changed by the time it fails; it may touch nothing else. */
  readonly touches?: RegExp
  /** For a deploy: whether the fault is there by now; absent: it is there as soon as the step begins. */
  seen?(stage: Stage): Promise<boolean>
  /** The test cannot look either, while it is so. */
  readonly blind?: boolean
  /** What the deploy that mends it needs, beyond `--yes`. */
  readonly mend?: string
  /** What must be so once it is mended, beyond a platform that is as wanted. */
  after?(stage: Stage): Promise<unknown>
}

/** A configuration file, what its user has in the environment, and what has to be closed afterwards. */
export interface Way {
  readonly config: string
  readonly env: Readonly<Record<string, string>>
  close(): Promise<void>
}

/** A sandbox with a platform in it that works, until a world is made. */
export type Stage = DeployedSandbox
