import { RELEASES } from '../../names.ts'
import { HTTPS, type Party, type Share, tcp } from '../table.ts'

/** Source: external-secrets chart, `selectorLabels` of its three Deployments; metrics on 8080. */
function operatorPart(id: string, name: string): Party {
  const pods = { 'app.kubernetes.io/name': name, 'app.kubernetes.io/instance': RELEASES.externalSecrets.name }
  return { id, component: 'external-secrets', namespace: 'secrets', pods, metrics: [8080] }
}

const controller = operatorPart('external-secrets', 'external-secrets')
const webhook = operatorPart('external-secrets-webhook', 'external-secrets-webhook')
const certController = operatorPart('external-secrets-cert-controller', 'external-secrets-cert-controller')

/** The controller reads AWS; the webhook is called by the API server alone. */
export const externalSecretsShare: Share = {
  parties: [controller, webhook, certController],
  flows: () => [
    ...[controller, webhook, certController].map((from) => ({ from, to: 'api-server' as const, ports: HTTPS })),
    { from: controller, to: 'internet', ports: HTTPS },
    { from: 'api-server', to: webhook, ports: tcp(10250) },
  ],
}
