import { type OperatorDefinition, type RoleDefinition, versionOfImage } from '../definition.ts'

const operator: RoleDefinition = {
  command: [],
  podFlags: [
    'web.listen-address',
    // A Job of the chart makes the certificate, and Jobs are simulated. Its webhooks are ignored while they do not answer.
    'web.enable-tls',
    'web.cert-file',
    'web.key-file',
    'web.client-ca-file',
    'web.tls-min-version',
  ],
  flags: ({ probePort }) => [`--web.listen-address=127.0.0.1:${probePort}`, '--web.enable-tls=false'],
  probePath: '/healthz',
  // It leaves out what it does not find at its start.
  kinds: {
    '/apis/monitoring.coreos.com/v1': [
      'alertmanagers',
      'podmonitors',
      'probes',
      'prometheuses',
      'prometheusrules',
      'servicemonitors',
      'thanosrulers',
    ],
    '/apis/monitoring.coreos.com/v1alpha1': ['alertmanagerconfigs', 'prometheusagents', 'scrapeconfigs'],
  },
}

/** The Prometheus operator: makes StatefulSets of Prometheus and Alertmanager resources, and their configuration. */
export const prometheusOperator: OperatorDefinition = {
  tool: 'prometheus-operator',
  title: 'the Prometheus operator',
  prefix: 'prometheus',
  roleLabel: 'app.kubernetes.io/name',
  roles: { 'kube-prometheus-stack-prometheus-operator': operator },
  // Its labels name the version of the chart, which is another one.
  chartVersion: versionOfImage,
  environment: () => ({}),
}
