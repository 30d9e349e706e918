import { gatewaySecrets } from '../litellm/environment.ts'
import { GATEWAY_SERVICE } from '../litellm/service.ts'
import { RELEASES } from '../names.ts'
import type { Check } from './check.ts'
import { objectsReady, releaseDeployed, type Subject, serviceReady } from './release-checks.ts'
import { versionsRun } from './secret-versions.ts'

const LITELLM: Subject = {
  component: 'litellm',
  name: RELEASES.litellm.name,
  namespace: ({ namespaces }) => namespaces.gateway,
}

export const litellmChecks: readonly Check[] = [
  releaseDeployed(LITELLM),
  objectsReady(LITELLM, { id: 'rollout-litellm', title: 'LiteLLM has rolled out' }, () => true),
  serviceReady(LITELLM, {
    id: 'litellm-endpoints',
    title: 'LiteLLM Service leads to ready endpoints',
    service: () => GATEWAY_SERVICE.name,
    ports: GATEWAY_SERVICE.ports,
  }),
  versionsRun({
    id: 'secret-versions-litellm',
    component: 'litellm',
    workload: ({ namespaces }) => ({
      apiVersion: 'apps/v1',
      kind: 'Deployment',
      name: RELEASES.litellm.name,
      namespace: namespaces.gateway,
    }),
    secrets: gatewaySecrets,
  }),
]
