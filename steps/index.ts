import type { LlmgwStep } from '../src/ports/index.ts'
import { externalSecrets } from './external-secrets/external-secrets.ts'
import { secretStore } from './external-secrets/secret-store.ts'
import { secretSync } from './external-secrets/secret-sync.ts'
import { gatekeeper } from './gatekeeper/gatekeeper.ts'
import { irsaExternalSecrets } from './irsa/irsa-external-secrets.ts'
import { irsaGateway } from './irsa/irsa-gateway.ts'
import { jaeger } from './jaeger/jaeger.ts'
import { litellm } from './litellm/litellm.ts'
import { alertRules } from './monitoring/alert-rules.ts'
import { dashboards } from './monitoring/dashboards.ts'
import { monitoring } from './monitoring/monitoring.ts'
import { monitoringCrds } from './monitoring/monitoring-crds.ts'
import { monitors } from './monitoring/monitors.ts'
import { namespaces } from './namespaces.ts'
import { networkIsolation } from './network-policies/network-isolation.ts'
import { networkPolicies } from './network-policies/network-policies.ts'
import { openwebui } from './openwebui/openwebui.ts'
import { openwebuiKey } from './openwebui/openwebui-key.ts'
import { policyConstraints } from './policies/policy-constraints.ts'
import { policyTemplates } from './policies/policy-templates.ts'
import { redis } from './redis.ts'
import { secrets } from './secrets.ts'
import { storage } from './storage.ts'

export { components } from './components.ts'

const platform = [
  namespaces,
  networkPolicies,
  storage,
  irsaGateway,
  irsaExternalSecrets,
  secrets,
  externalSecrets,
  secretStore,
  secretSync,
  monitoringCrds,
  monitoring,
  dashboards,
  alertRules,
  monitors,
  jaeger,
  gatekeeper,
  policyTemplates,
  policyConstraints,
  redis,
  litellm,
  openwebuiKey,
  openwebui,
] as readonly LlmgwStep<unknown>[]

/** Every step of the platform; `needs` make the graph. */
export const steps: readonly LlmgwStep<unknown>[] = [...platform, networkIsolation(platform) as LlmgwStep<unknown>]
