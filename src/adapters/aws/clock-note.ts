/** What the newest answer says about clocks. */
export interface ClockNote {
  /** How far the server's clock is ahead of ours, to a second. */
  skewMs?: number
}

interface Answered {
  readonly response?: unknown
}

type Handler = (args: unknown) => Promise<Answered>

/** Makes a client write down the Date header of its answers, compared with our clock halfway through the call. */
export function noteClock<Client extends { readonly middlewareStack: unknown }>(
  client: Client,
  note: ClockNote,
): Client {
  const stack = client.middlewareStack as { add(middleware: (next: Handler) => Handler, options: object): void }
  const read =
    (next: Handler): Handler =>
    async (args) => {
      const sentAt = Date.now()
      const answered = await next(args)
      const { headers } = (answered.response ?? {}) as { readonly headers?: Readonly<Record<string, string>> }
      const serverAt = Date.parse(headers?.date ?? '')
      // The header is cut to whole seconds: on average the server is half a second later than it says.
      if (!Number.isNaN(serverAt)) note.skewMs = Math.round(serverAt + 500 - (sentAt + Date.now()) / 2)
      return answered
    }
  stack.add(read, { step: 'deserialize', priority: 'low', name: 'llmgwNoteClock' })
  return client
}
