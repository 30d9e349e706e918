import { JAEGER_SERVICE } from '../jaeger/service.ts'
import { RELEASES } from '../names.ts'
import type { Check } from './check.ts'
import { objectsReady, releaseDeployed, type Subject, serviceReady } from './release-checks.ts'
import { tracesArrive } from './traces.ts'

const JAEGER: Subject = {
  component: 'jaeger',
  name: RELEASES.jaeger.name,
  namespace: ({ namespaces }) => namespaces.monitoring,
  off: ({ tracing }) => tracing.kind !== 'jaeger',
}

export const jaegerChecks: readonly Check[] = [
  releaseDeployed(JAEGER),
  objectsReady(JAEGER, { id: 'rollout-jaeger', title: 'Jaeger has rolled out' }, () => true),
  serviceReady(JAEGER, {
    id: 'jaeger-endpoints',
    title: 'Jaeger takes spans over OTLP where exporters send them',
    service: () => JAEGER_SERVICE.name,
    ports: JAEGER_SERVICE.ports,
  }),
  tracesArrive,
]
