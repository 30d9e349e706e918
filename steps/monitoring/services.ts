import { RELEASES } from '../names.ts'

const release = RELEASES.monitoring.name
/** The chart cuts `<release>-kube-prometheus-stack` to 26 characters. Source: kube-prometheus-stack chart, _helpers.tpl. */
const fullname = `${release}-kube-prometheus-stack`.slice(0, 26).replace(/-$/, '')

/** Services of the stack, and the ports by which they are reached. */
export const MONITORING_SERVICES = {
  grafana: { name: `${release}-grafana`, port: 80 },
  prometheus: { name: `${fullname}-prometheus`, port: 9090 },
  alertmanager: { name: `${fullname}-alertmanager`, port: 9093 },
} as const

/** The Prometheus resource, whose selectors decide what is scraped and which rules are loaded. */
export const PROMETHEUS = `${fullname}-prometheus`

/** The Service by which the operator lets kubelets be found: it makes it in kube-system, and nobody removes it. */
export const KUBELET_SERVICE = {
  apiVersion: 'v1',
  kind: 'Service',
  namespace: 'kube-system',
  name: `${fullname}-kubelet`,
}
