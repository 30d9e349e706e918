import type { Secret } from '../secret.ts'

/** A pod of the cache: a Redis server, and the Sentinel beside it. */
export interface CacheServer {
  readonly namespace: string
  /** Name of the pod. */
  readonly name: string
  /** What proves that it is one: its authority as PEM, and the DNS name in its certificate. Absent = it speaks plain text. */
  readonly tls?: { readonly authority: string; readonly name: string }
}

/** What a server does with a password: refuses it, takes it from clients, or presents it to its master, too. */
type PasswordUse = 'refused' | 'taken' | 'presented'

/**
 * Passwords of running Redis servers, through a connection to their pods: nothing is exposed for it. What is changed lasts
 * until the server starts anew. Throws what `Kube.connect` throws, `StepError` PodSimulated where nobody is there to be told,
 * and `StepError` CacheRefused without a value in it.
 */
export interface CachePasswords {
  look(server: CacheServer, password: Secret, signal?: AbortSignal): Promise<PasswordUse>
  /** The server takes `added` from clients beside what it takes already: `known` are passwords, one of which it takes. */
  accept(
    server: CacheServer,
    passwords: { readonly added: Secret; readonly known: readonly Secret[] },
    signal?: AbortSignal,
  ): Promise<void>
  /** The Sentinel of this pod presents the password to all servers that it watches. */
  tellSentinel(server: CacheServer, password: Secret, signal?: AbortSignal): Promise<void>
  /** The server, which takes the password itself, presents it to its master. */
  present(server: CacheServer, password: Secret, signal?: AbortSignal): Promise<void>
}
