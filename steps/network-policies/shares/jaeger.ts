import { RELEASES } from '../../names.ts'
import { type Party, type Share, tcp } from '../table.ts'
import { proxy } from './gateway.ts'

/** Source: jaeger chart, `selectorLabels`; metrics of its own on 8888. */
export const jaeger: Party = {
  id: 'jaeger',
  component: 'jaeger',
  namespace: 'monitoring',
  pods: { 'app.kubernetes.io/name': 'jaeger', 'app.kubernetes.io/instance': RELEASES.jaeger.name },
  metrics: [8888],
  wanted: ({ tracing }) => tracing.kind === 'jaeger',
}

/** Spans come in by OTLP, over gRPC or HTTP. */
export const jaegerShare: Share = {
  parties: [jaeger],
  flows: () => [{ from: proxy, to: jaeger, ports: tcp(4317, 4318) }],
}
