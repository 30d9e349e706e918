import * as z from 'zod'
import { quantity } from '../fields.ts'

export const monitoring = z.discriminatedUnion('kind', [
  z.strictObject({ kind: z.literal('none') }),
  z.strictObject({
    kind: z.literal('kube-prometheus-stack'),
    retention: z
      .string()
      .regex(/^\d+(h|d|w)$/, 'a whole number followed by h, d or w, e.g. 15d')
      .describe('How long Prometheus keeps samples, as far as its volume has room.'),
    memory: quantity.describe('Memory of Prometheus: grows with the number of series.'),
    storage: z
      .strictObject({ prometheus: quantity, alertmanager: quantity, grafana: quantity })
      .describe('Sizes of the volumes.'),
    nodeExporter: z
      .boolean()
      .describe(
        'Metrics of the nodes themselves, from a DaemonSet that sees the host: its namespace cannot have a Pod Security level.',
      ),
  }),
])

/** What a kind of monitoring leaves out. */
export function monitoringDefaults(kind: string) {
  if (kind !== 'kube-prometheus-stack') return { kind }
  const storage = { prometheus: '20Gi', alertmanager: '2Gi', grafana: '5Gi' }
  return { kind, retention: '15d', memory: '2Gi', storage, nodeExporter: true }
}
