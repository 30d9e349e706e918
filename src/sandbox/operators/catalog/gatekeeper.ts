import { type OperatorDefinition, type RoleDefinition, versionOfImage } from '../definition.ts'

const POD_FLAGS = [
  'port',
  'host',
  'cert-dir',
  'health-addr',
  'prometheus-port',
  'metrics-addr',
  'pprof-port',
  'enable-pprof',
  'log-file',
  'kubeconfig',
  'api-cache-dir',
  // Nobody waits for a Service to take a process off its list.
  'shutdown-delay',
  'audit-interval',
]

const common: Pick<RoleDefinition, 'command' | 'podFlags' | 'probePath' | 'certificate' | 'ownPod'> = {
  command: [],
  podFlags: POD_FLAGS,
  probePath: '/readyz',
  // Whichever of the two is first.
  certificate: 'filled-by-itself',
  // It writes its Pod as the owner of its status objects.
  ownPod: true,
}

const webhook: RoleDefinition = {
  ...common,
  flags: ({ probePort, webhookPort, metricsPort, certDir }) => [
    `--health-addr=127.0.0.1:${probePort}`,
    '--host=127.0.0.1',
    `--port=${webhookPort}`,
    `--cert-dir=${certDir}`,
    `--prometheus-port=${metricsPort}`,
    '--shutdown-delay=0',
  ],
  webhook: true,
}

const audit: RoleDefinition = {
  ...common,
  flags: ({ probePort, metricsPort, certDir, scratchDir }) => [
    `--health-addr=127.0.0.1:${probePort}`,
    '--host=127.0.0.1',
    `--cert-dir=${certDir}`,
    `--prometheus-port=${metricsPort}`,
    `--api-cache-dir=${scratchDir}`,
    // A rehearsal need not wait a minute for the next audit.
    '--audit-interval=10',
    '--shutdown-delay=0',
  ],
}

/** Gatekeeper: the webhook that admits, and the audit, which also makes the constraints' CRDs. */
export const gatekeeper: OperatorDefinition = {
  tool: 'gatekeeper',
  title: 'Gatekeeper',
  prefix: 'gatekeeper',
  roleLabel: 'gatekeeper.sh/operation',
  roles: { webhook, audit },
  // Its labels name the chart without its version, which is that of the image.
  chartVersion: versionOfImage,
  environment: (_world, { name, namespace }) => ({
    POD_NAME: name,
    POD_NAMESPACE: namespace,
    NAMESPACE: namespace,
    CONTAINER_NAME: 'manager',
  }),
}
