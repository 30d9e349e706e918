import * as z from 'zod'
import { quantity } from '../fields.ts'

export const tracing = z.discriminatedUnion('kind', [
  z.strictObject({ kind: z.literal('none') }),
  z.strictObject({
    kind: z.literal('jaeger'),
    maxTraces: z.int().positive().describe('Traces that are kept, in memory; the oldest go first, all with the pod.'),
    memory: quantity.describe('Memory limit of Jaeger: must hold all of these traces.'),
    promptContent: z.boolean().describe('Whether spans carry what users ask and models answer.'),
  }),
])

/** What a kind of tracing leaves out. */
export function tracingDefaults(kind: string) {
  // A trace of a gateway call has some ten spans, about 20 kB in memory: 10 000 of them fill half of the limit.
  return kind === 'jaeger' ? { kind, maxTraces: 10_000, memory: '512Mi', promptContent: false } : { kind }
}
