import type { Config } from '../../src/config/schema.ts'
import { applied } from '../../src/engine/step.ts'
import { bytesOf } from '../../src/ports/quantity.ts'
import { configMark } from '../config-mark.ts'
import type { PodShape, ResourceValues } from '../helm-release/definition.ts'
import { helmRelease } from '../helm-release.ts'
import { RELEASES } from '../names.ts'
import { namespaces } from '../namespaces.ts'
import { type Tracing, tracingOf } from './service.ts'

/** Go frees memory before it reaches this share of the limit, instead of being killed at the limit. */
const GO_SHARE = 0.85

type Settings = Extract<Config['tracing'], { kind: 'jaeger' }>

function settingsOf({ tracing }: Config): Settings {
  if (tracing.kind !== 'jaeger') throw new Error(`tracing is ${tracing.kind}: the jaeger step is off`)
  return tracing
}

/** Values of the chart that decide what its pod asks for. */
interface JaegerValues {
  readonly jaeger?: { readonly replicas?: number; readonly resources?: ResourceValues }
}

/** One container. Source: jaeger chart, template of the Deployment. */
function jaegerPods({ jaeger: { replicas = 1, resources = {} } = {} }: JaegerValues): readonly PodShape[] {
  return [{ name: 'jaeger', replicas, containers: [resources] }]
}

/** Jaeger in one process: takes spans over OTLP, keeps them in memory, shows them. */
export const jaeger = helmRelease<Tracing>({
  id: 'jaeger',
  title: 'Install Jaeger',
  component: 'jaeger',
  needs: [applied(namespaces)],
  off: ({ tracing }) => (tracing.kind === 'jaeger' ? undefined : `tracing.kind is ${tracing.kind}`),
  release: RELEASES.jaeger,
  namespace: (config) => config.namespaces.monitoring,
  baseValues: 'helm-values/jaeger.yaml',
  values({ config }) {
    const { memory, maxTraces } = settingsOf(config)
    return {
      jaeger: {
        extraEnv: [{ name: 'GOMEMLIMIT', value: String(Math.floor(bytesOf(memory) * GO_SHARE)) }],
        resources: { requests: { memory }, limits: { memory } },
      },
      userconfig: { extensions: { jaeger_storage: { backends: { memory: { memory: { max_traces: maxTraces } } } } } },
    }
  },
  // The chart mounts its configuration by subPath and puts no checksum on the pod: a change would reach nobody.
  derived: ({ userconfig }) => ({ jaeger: { podLabels: { 'llmgw.dev/configuration': configMark(userconfig) } } }),
  pods: jaegerPods,
  out({ config }) {
    const tracing = tracingOf(config)
    if (tracing === undefined) throw new Error('tracing is off: the jaeger step is off')
    return tracing
  },
})
