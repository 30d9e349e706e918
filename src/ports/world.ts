import type { Secret } from '../secret.ts'

/** The data files that ship with the program: `helm-values/`, `manifests/`, `iam/`. */
export interface Assets {
  /** Text of a file named relative to the package, e.g. `helm-values/redis-ha.yaml`. @throws our bug when it is not shipped */
  text(path: string): Promise<string>
  /** The file parsed as YAML or JSON; a multi-document YAML gives all documents. */
  documents(path: string): Promise<readonly unknown[]>
}

export interface Clock {
  /** Milliseconds since the epoch. */
  now(): number
  /** Resolves after `ms`, rejects when `signal` aborts. For adapters and the engine, not for steps. */
  sleep(ms: number, signal?: AbortSignal): Promise<void>
}

export interface Random {
  /** `bytes` random bytes from the system's generator as lower-case hex. */
  hex(bytes: number): string
}

/** Values of `provided` secrets that the user gave in the environment, a file or at a hidden prompt, by logical name. */
export interface ProvidedValues {
  find(logicalName: string): Secret | undefined
}
