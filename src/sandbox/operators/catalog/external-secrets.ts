import { type OperatorDefinition, type RoleDefinition, versionInChartLabel } from '../definition.ts'

const POD_FLAGS = [
  'metrics-addr',
  'metrics-secure',
  'metrics-cert-dir',
  'metrics-cert-name',
  'metrics-key-name',
  'live-addr',
  'healthz-addr',
  'port',
  'cert-dir',
  // One process stands behind all replicas, and outside a pod there is no namespace to elect in.
  'enable-leader-election',
  'store-requeue-interval',
]

const controller: RoleDefinition = {
  command: [],
  podFlags: POD_FLAGS,
  flags: ({ probePort }) => ['--metrics-addr=0', `--live-addr=127.0.0.1:${probePort}`, '--store-requeue-interval=10s'],
  probePath: '/healthz',
  kinds: {
    '/apis/external-secrets.io/v1': [
      'externalsecrets',
      'clusterexternalsecrets',
      'secretstores',
      'clustersecretstores',
    ],
    '/apis/external-secrets.io/v1alpha1': ['pushsecrets', 'clusterpushsecrets'],
    '/apis/generators.external-secrets.io/v1alpha1': ['generatorstates'],
  },
}

const webhook: RoleDefinition = {
  command: ['webhook'],
  podFlags: POD_FLAGS,
  flags: ({ probePort, webhookPort, certDir }) => [
    '--metrics-addr=0',
    `--healthz-addr=127.0.0.1:${probePort}`,
    `--port=${webhookPort}`,
    `--cert-dir=${certDir}`,
  ],
  probePath: '/readyz',
  webhook: true,
  certificate: 'filled-by-another',
}

const certController: RoleDefinition = {
  command: ['certcontroller'],
  podFlags: POD_FLAGS,
  flags: ({ probePort }) => ['--metrics-addr=0', `--healthz-addr=127.0.0.1:${probePort}`],
  probePath: '/readyz',
}

/** External Secrets: three Deployments of one program. */
export const externalSecrets: OperatorDefinition = {
  tool: 'external-secrets',
  title: 'External Secrets',
  prefix: 'eso',
  roleLabel: 'app.kubernetes.io/name',
  roles: {
    'external-secrets': controller,
    'external-secrets-webhook': webhook,
    'external-secrets-cert-controller': certController,
  },
  chartVersion: versionInChartLabel,
  // AWS only at the emulator, and no credentials of its own but the ServiceAccount's.
  environment: ({ aws }) => ({
    AWS_REGION: aws.region,
    AWS_ENDPOINT_URL: aws.endpoint,
    AWS_STS_ENDPOINT: aws.endpoint,
    AWS_SECRETSMANAGER_ENDPOINT: aws.endpoint,
    AWS_EC2_METADATA_DISABLED: 'true',
    AWS_CONFIG_FILE: '/dev/null',
    AWS_SHARED_CREDENTIALS_FILE: '/dev/null',
  }),
}
