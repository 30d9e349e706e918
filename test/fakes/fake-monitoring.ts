import type { KubeObject, ReleaseSpec } from '../../src/ports/index.ts'
import { readyWorkload } from './fake-helm.ts'
import { labelsOf } from './fake-pods.ts'
import { service } from './fake-service.ts'

const API = 'monitoring.coreos.com'
const KINDS = {
  prometheuses: 'Prometheus',
  alertmanagers: 'Alertmanager',
  prometheusrules: 'PrometheusRule',
  servicemonitors: 'ServiceMonitor',
  podmonitors: 'PodMonitor',
}

/** CRDs of the Prometheus operator, as far as steps look at them. */
export function fakeCrds(chart: string, version = '0.93.1'): readonly KubeObject[] {
  if (chart !== 'kube-prometheus-stack') return []
  return Object.entries(KINDS).map(([plural, kind]) => ({
    apiVersion: 'apiextensions.k8s.io/v1',
    kind: 'CustomResourceDefinition',
    metadata: { name: `${plural}.${API}`, annotations: { 'operator.prometheus.io/version': version } },
    spec: { group: API, names: { kind }, versions: [{ name: 'v1', served: true }] },
  }))
}

/** Taken up by the operator, whatever the fake API server counts. */
const TAKEN_UP = {
  conditions: [{ type: 'Reconciled', status: 'True', observedGeneration: Number.MAX_SAFE_INTEGER }],
  replicas: 1,
  updatedReplicas: 1,
  availableReplicas: 1,
  unavailableReplicas: 0,
}

/** The stack: its two resources of the operator, and Grafana with the sidecar that looks for dashboards. */
export function monitoringStack(spec: ReleaseSpec): readonly KubeObject[] {
  const { name, namespace } = spec
  const everything = { ruleSelector: {}, ruleNamespaceSelector: {}, serviceMonitorSelector: {}, podMonitorSelector: {} }
  const grafana = readyWorkload('Deployment', `${name}-grafana`, spec)
  const storage = { volumeClaimTemplate: {} }
  return [
    readyWorkload('Deployment', `${name}-kube-prome-operator`, spec),
    { ...grafana, spec: withSidecar(grafana.spec as GrafanaSpec) },
    {
      apiVersion: `${API}/v1`,
      kind: 'Prometheus',
      metadata: { name: `${name}-kube-prome-prometheus`, namespace },
      spec: { replicas: 1, storage, ...everything },
      status: TAKEN_UP,
    },
    {
      apiVersion: `${API}/v1`,
      kind: 'Alertmanager',
      metadata: { name: `${name}-kube-prome-alertmanager`, namespace },
      spec: { replicas: 1, storage },
      status: TAKEN_UP,
    },
    ...service(spec, `${name}-kube-prome-prometheus`, { 'http-web': 9090 }, {}, labelsOf('prometheus')),
  ]
}

interface GrafanaSpec {
  readonly template: { readonly spec: { readonly containers: readonly object[] } }
}

function withSidecar(spec: GrafanaSpec): GrafanaSpec {
  const env = [
    { name: 'LABEL', value: 'grafana_dashboard' },
    { name: 'LABEL_VALUE', value: '1' },
  ]
  const containers = [...spec.template.spec.containers, { name: 'grafana-sc-dashboard', image: 'sidecar:1', env }]
  return { ...spec, template: { ...spec.template, spec: { ...spec.template.spec, containers } } }
}
