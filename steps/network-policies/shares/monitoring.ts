import { monitoringOff } from '../../monitoring/off.ts'
import { RELEASES } from '../../names.ts'
import { type Flow, HTTPS, type Party, type Share, tcp } from '../table.ts'
import { jaeger } from './jaeger.ts'

const release = RELEASES.monitoring.name

/** Source: kube-prometheus-stack chart and its subcharts, `selectorLabels`; the operator's labels of what it makes. */
function part(id: string, pods: Party['pods'], metrics: readonly number[] = []): Party {
  const wanted: Party['wanted'] = (config) => monitoringOff(config) === undefined
  return { id, component: 'monitoring', namespace: 'monitoring', pods, metrics, wanted }
}
const named = (name: string) => ({ 'app.kubernetes.io/name': name })
const ofRelease = (name: string) => ({ ...named(name), 'app.kubernetes.io/instance': release })

export const prometheus = part('prometheus', named('prometheus'), [9090, 8080])
const alertmanager = part('alertmanager', named('alertmanager'), [9093, 8080])
const grafana = part('grafana', ofRelease('grafana'), [3000])
const state = part('kube-state-metrics', ofRelease('kube-state-metrics'), [8080])
const operator = part('prometheus-operator', { app: 'kube-prometheus-stack-operator', release }, [10250])
/** Jobs that make the certificate of the operator's webhook. */
const certificates = ['create', 'patch'].map((what) =>
  part(`prometheus-admission-${what}`, { app: `kube-prometheus-stack-admission-${what}` }),
)

/** The node exporter is on the network of its node, where no policy holds. */
export const monitoringShare: Share = {
  parties: [prometheus, alertmanager, grafana, state, operator, ...certificates],
  flows: () => [
    ...[prometheus, grafana, state, operator, ...certificates].map(
      (from): Flow => ({ from, to: 'api-server', ports: HTTPS }),
    ),
    { from: 'api-server', to: operator, ports: tcp(10250) },
    // Kubelets and node exporters; CoreDNS.
    { from: prometheus, to: 'nodes', ports: tcp(9100, 10250) },
    { from: prometheus, to: 'namespace kube-system', ports: tcp(9153) },
    { from: prometheus, to: alertmanager, ports: tcp(9093) },
    { from: grafana, to: prometheus, ports: tcp(9090) },
    { from: grafana, to: alertmanager, ports: tcp(9093) },
    { from: grafana, to: jaeger, ports: tcp(16686) },
    // Where messages about alerts go.
    { from: alertmanager, to: 'internet', ports: HTTPS },
  ],
}
