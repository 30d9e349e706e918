const MASK = '***'
const live = new Set<string>()

/** Shorter values would mask ordinary words; every secret this tool makes is longer. */
const SHORTEST_REDACTED = 6

/** A value that prints as `***` everywhere; only `reveal()` gives it away. Registers itself for {@link redact}. */
export class Secret {
  readonly #value: string

  constructor(value: string) {
    this.#value = value
    registerSecret(value)
  }

  /** The clear text: for a request body, standard input or a 0600 file, never for argv or a message. */
  reveal(): string {
    return this.#value
  }

  toString(): string {
    return MASK
  }

  toJSON(): string {
    return MASK
  }

  [Symbol.for('nodejs.util.inspect.custom')](): string {
    return MASK
  }
}

/** Makes {@link redact} mask this value, and its base64 and URL-encoded forms, from now on. */
export function registerSecret(value: string): void {
  if (value.length < SHORTEST_REDACTED) return
  live.add(value)
  live.add(Buffer.from(value, 'utf8').toString('base64'))
  const encoded = encodeURIComponent(value)
  if (encoded !== value) live.add(encoded)
}

/** `text` with every registered secret value replaced by `***`; every output passes through here. */
export function redact(text: string): string {
  let clean = text
  for (const value of live) if (clean.includes(value)) clean = clean.replaceAll(value, MASK)
  return clean
}
