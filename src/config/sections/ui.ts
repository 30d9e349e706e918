import * as z from 'zod'
import { dnsLabel, quantity } from '../fields.ts'

const amounts = z.strictObject({ cpu: quantity, memory: quantity })

/** The chat interface. */
export const ui = z.discriminatedUnion('kind', [
  z.strictObject({ kind: z.literal('none') }),
  z.strictObject({
    kind: z.literal('open-webui'),
    replicas: z
      .int()
      .min(1)
      .max(20)
      .describe('More than one needs PostgreSQL, Redis and a volume that several nodes can mount.'),
    url: z
      .url({ protocol: /^https?$/ })
      .describe('Where browsers reach it: part of the redirect URI that the identity provider must know.'),
    database: z
      .enum(['sqlite', 'postgresql'])
      .describe(
        '`sqlite`: a file on the volume. `postgresql`: the secret webui-database-url; another database than LiteLLM.',
      ),
    storage: z.strictObject({
      size: quantity,
      access: z.enum(['ReadWriteOnce', 'ReadWriteMany']),
      className: dnsLabel.optional().describe("Without it the cluster's default class."),
    }),
    resources: z.strictObject({ requests: amounts, limits: amounts }),
  }),
])

/** Until it is exposed, people reach it through a forwarded port. */
const FORWARDED = 'http://localhost:8080'

/** What a kind of interface leaves out. */
export function uiDefaults(kind: string) {
  if (kind !== 'open-webui') return { kind }
  return {
    kind,
    url: FORWARDED,
    replicas: 1,
    database: 'sqlite',
    storage: { size: '5Gi', access: 'ReadWriteOnce' },
    resources: { requests: { cpu: '100m', memory: '1Gi' }, limits: { cpu: '1', memory: '2Gi' } },
  }
}
