import { AsyncLocalStorage } from 'node:async_hooks'

/** What the attempts of one call met; `last` is the newest failure. */
export interface Attempts {
  last?: unknown
}

const underWay = new AsyncLocalStorage<Attempts>()

/** Runs `work`; failures of its attempts are written to `met` while it goes on. */
export const whileNoting = <T>(met: Attempts, work: () => Promise<T>): Promise<T> => underWay.run(met, work)

type Handler = (args: unknown) => Promise<unknown>

/** Makes a client tell the call it works for what each attempt met; the SDK itself only reports the last one. */
export function noteAttempts<Client extends { readonly middlewareStack: unknown }>(client: Client): Client {
  const stack = client.middlewareStack as { add(middleware: (next: Handler) => Handler, options: object): void }
  const note =
    (next: Handler): Handler =>
    async (args) => {
      try {
        return await next(args)
      } catch (error) {
        const met = underWay.getStore()
        if (met && !isAbort(error)) met.last = error
        throw error
      }
    }
  stack.add(note, { step: 'deserialize', priority: 'high', name: 'llmgwNoteAttempts' })
  return client
}

/** How the SDK and the platform report that a signal was aborted. */
export const isAbort = (error: unknown): boolean =>
  error instanceof Error && (error.name === 'AbortError' || error.name === 'TimeoutError')
