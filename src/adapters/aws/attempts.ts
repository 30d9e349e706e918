import { AsyncLocalStorage } from 'node:async_hooks'

/** Told what an attempt met. */
type Noted = (failure: unknown) => void

const underWay = new AsyncLocalStorage<Noted>()

/** Runs `work`; failures of its attempts are told to `noted` while it goes on. */
export const whileNoting = <T>(noted: Noted, work: () => Promise<T>): Promise<T> => underWay.run(noted, work)

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
        if (!isAbort(error)) underWay.getStore()?.(error)
        throw error
      }
    }
  stack.add(note, { step: 'deserialize', priority: 'high', name: 'llmgwNoteAttempts' })
  return client
}

/** How the SDK and the platform report that a signal was aborted. */
export const isAbort = (error: unknown): boolean =>
  error instanceof Error && (error.name === 'AbortError' || error.name === 'TimeoutError')
