import type { Config } from '../../../src/config/schema.ts'
import { HTTPS, type Party, type Share, tcp } from '../table.ts'

const wanted = ({ policies }: Config): boolean => policies.kind === 'gatekeeper'

/** All of its pods, the Job that upgrades its CRDs included. Source: gatekeeper chart, `mandatoryLabels`; metrics on 8888. */
const gatekeeper: Party = {
  id: 'gatekeeper',
  component: 'gatekeeper',
  namespace: 'policy',
  pods: { 'gatekeeper.sh/system': 'yes' },
  metrics: [8888],
  wanted,
}

/** Source: gatekeeper chart, labels of the controller manager. */
const webhook: Party = {
  id: 'gatekeeper-webhook',
  component: 'gatekeeper',
  namespace: 'policy',
  pods: { 'gatekeeper.sh/operation': 'webhook' },
  wanted,
}

/** It reads what it audits from the API server, and is asked by it. */
export const gatekeeperShare: Share = {
  parties: [gatekeeper, webhook],
  flows: () => [
    { from: gatekeeper, to: 'api-server', ports: HTTPS },
    { from: 'api-server', to: webhook, ports: tcp(8443) },
  ],
}
