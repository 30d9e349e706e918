/** Where a value is kept in Secrets Manager. */
export interface SecretAddress {
  /** Name of the secret. */
  readonly secret: string
  /** Key of its JSON; absent where the secret as a whole is the value. */
  readonly key?: string
}

/** No character of a secret's name, so that no secret is taken for a key. Source: Secrets Manager API reference, CreateSecret. */
const SEPARATOR = '#'

/** How a key of a JSON secret is written where a name is expected, e.g. `llm-gateway/api-keys#redis-password`. */
export const keyAddress = (secret: string, key: string): string => `${secret}${SEPARATOR}${key}`

/** The parts of a name. */
export function parseAddress(name: string): SecretAddress {
  const [secret = '', key] = name.split(SEPARATOR)
  return key === undefined ? { secret } : { secret, key }
}

/** Key of a JSON secret under which llmgw keeps what it knows of the other keys: no secret may have it. */
export const RECORDS_KEY = '_llmgw'
