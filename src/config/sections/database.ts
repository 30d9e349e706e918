import * as z from 'zod'

/** The PostgreSQL of LiteLLM. User, password and the rest of its address are in the secret litellm-database-url. */
export const database = z.discriminatedUnion('kind', [
  z.strictObject({
    kind: z.literal('external'),
    host: z
      .string()
      .regex(/^[\w.-]+$/, 'a host name or address')
      .optional()
      .describe('Host of the URL in the secret, for rules and outputs that name it; LiteLLM takes the URL.'),
    port: z.int().min(1).max(65535),
    name: z
      .string()
      .regex(/^[\w-]+$/, 'a database name')
      .optional(),
  }),
  z.strictObject({ kind: z.literal('none') }),
])

export function databaseDefaults(kind: string) {
  return kind === 'external' ? { kind, port: 5432 } : { kind }
}
