/** What ended a stream, in the gateway's own words. */
export class StreamRefused extends Error {}

/** Reads a streamed chat completion as it comes. */
export interface ChatStream {
  /** Pieces of text that are whole now. @throws StreamRefused, behind them, when the gateway ends the stream with an error */
  take(text: string): Iterable<string>
  /** The end was told: what stops without it was cut. */
  isDone(): boolean
}

interface Chunk {
  readonly error?: { readonly message?: string }
  readonly choices?: readonly { readonly delta?: { readonly content?: string | null } }[]
}

const END = '[DONE]'

/** A new stream. Source: OpenAI API reference, streaming: server-sent events, `[DONE]` at the end; WHATWG HTML, section 9.2. */
export function chatStream(): ChatStream {
  let rest = ''
  let done = false
  return {
    *take(text) {
      const lines = `${rest}${text}`.split('\n')
      rest = lines.pop() ?? ''
      for (const line of lines) {
        const data = /^data: ?(.*)$/.exec(line.trimEnd())?.[1]
        if (data === END) done = true
        else if (data !== undefined) yield* pieceIn(JSON.parse(data) as Chunk)
      }
    },
    isDone: () => done,
  }
}

function pieceIn({ error, choices }: Chunk): readonly string[] {
  if (error) throw new StreamRefused(error.message ?? 'an error')
  const piece = choices?.[0]?.delta?.content ?? ''
  return piece === '' ? [] : [piece]
}
