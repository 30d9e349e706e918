import { proxyFaults } from '../litellm/config-check/check.ts'
import { gatewaySecrets } from '../litellm/environment.ts'
import { litellm } from '../litellm/litellm.ts'
import { GATEWAY_SERVICE } from '../litellm/service.ts'
import { RELEASES } from '../names.ts'
import { type Check, verdict } from './check.ts'
import { guardrailsLoaded } from './gateway/guardrails.ts'
import { cacheAnswers, databaseHolds, gatewayReady } from './gateway/health.ts'
import { keysHold } from './gateway/keys.ts'
import { metricsServed } from './gateway/metrics.ts'
import { cacheServes, modelsAnswer, modelsListed } from './gateway/models.ts'
import { objectsReady, releaseCheck, releaseDeployed, type Subject, serviceReady } from './release-checks.ts'
import { versionsRun } from './secret-versions.ts'
import { exporterTarget } from './traces.ts'

const LITELLM: Subject = {
  component: 'litellm',
  name: RELEASES.litellm.name,
  namespace: ({ namespaces }) => namespaces.gateway,
}

/** Models near their last day, names that lead nowhere: what LiteLLM takes without a word. */
const configurationHolds: Check = releaseCheck(LITELLM, {
  id: 'litellm-configuration',
  title: 'LiteLLM configuration holds nothing that fails later',
  async judge(ctx) {
    const faults = await proxyFaults(ctx, (await litellm.spec(ctx)).values)
    const told = faults.map(({ path, message }) => `${path}: ${message}`)
    const hint = 'llmgw validate'
    const isError = faults.some(({ severity }) => severity === 'error')
    const lookedAt = `${ctx.config.models.length} models and the settings around them`
    if (isError || faults.length === 0) return verdict(lookedAt, told, { good: 'no fault', hint })
    return { result: 'warn', lookedAt, found: told.join('; '), hint }
  },
})

export const litellmChecks: readonly Check[] = [
  configurationHolds,
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
  gatewayReady,
  keysHold,
  databaseHolds,
  cacheAnswers,
  modelsListed,
  guardrailsLoaded,
  metricsServed,
  exporterTarget,
  modelsAnswer,
  cacheServes,
]
