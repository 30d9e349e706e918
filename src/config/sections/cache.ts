import * as z from 'zod'
import { dnsSubdomain, quantity } from '../fields.ts'

/** Where answers, counters and sessions of several pods are kept. */
export const cache = z.discriminatedUnion('kind', [
  z.strictObject({ kind: z.literal('none') }),
  z.strictObject({
    kind: z.literal('redis-ha'),
    replicas: z
      .union([z.literal(1), z.literal(3), z.literal(5)])
      .describe('Servers with Sentinel; an odd number, so that a quorum exists.'),
    storage: quantity,
    memory: quantity.describe('Memory limit of a Redis server; maxmemory is derived from it.'),
    tls: z
      .strictObject({
        secretName: dnsSubdomain.describe(
          'Secret of the gateway namespace with `tls.crt`, `tls.key` and `ca.crt`, as cert-manager makes one.',
        ),
      })
      .optional()
      .describe(
        'Redis, Sentinel and their clients speak TLS only; without it they speak plain text inside the cluster.',
      ),
  }),
])
