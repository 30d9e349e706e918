import type { KubeObject } from '../../src/ports/index.ts'
import type { FakeKube } from './fake-kube.ts'

/** Pods that somebody talks to, by the workload that makes them. */
const TALKING = {
  litellm: { kind: 'Deployment', workload: 'litellm' },
  jaeger: { kind: 'Deployment', workload: 'jaeger' },
  'open-webui': { kind: 'StatefulSet', workload: 'open-webui' },
  prometheus: { kind: 'Prometheus', workload: 'kube-prometheus-kube-prome-prometheus' },
} as const

type Talking = keyof typeof TALKING

/** By which a Service picks the pod. */
export const labelsOf = (name: Talking) => ({
  'app.kubernetes.io/name': name,
  'app.kubernetes.io/instance': name,
  // As each chart names the part that answers.
  'app.kubernetes.io/component': name === 'litellm' ? 'proxy' : name,
})

/** The controllers' part, for these pods. */
export function seedTalkingPods(kube: FakeKube, { kind, metadata }: KubeObject): void {
  for (const name of Object.keys(TALKING) as Talking[]) {
    if (kind !== TALKING[name].kind || metadata.name !== TALKING[name].workload) continue
    const pod = { name: `${name}-0`, namespace: metadata.namespace ?? '', labels: labelsOf(name) }
    const status = { phase: 'Running', conditions: [{ type: 'Ready', status: 'True' }] }
    const spec = { containers: [{ name: 'main', image: name }] }
    kube.seed({ apiVersion: 'v1', kind: 'Pod', metadata: pod, spec, status }, 'replicaset-controller')
  }
}
