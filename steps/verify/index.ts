import { cacheCertificateHolds } from './cache-certificate.ts'
import { certificatesValid } from './certificates.ts'
import type { Check } from './check.ts'
import { jaegerChecks } from './jaeger.ts'
import { litellmChecks } from './litellm.ts'
import { monitoringChecks } from './monitoring.ts'
import { namespacesHold } from './namespaces.ts'
import { policiesHold } from './network-policies.ts'
import { openWebUiChecks } from './openwebui.ts'
import { policyChecks, webhookChecks } from './policies.ts'
import { account, cluster } from './reachable.ts'
import { gatekeeperChecks, operatorChecks, redisChecks } from './releases.ts'
import { externalSecretsRolePermits, gatewayRolePermits } from './role-permits.ts'
import { externalSecretsRole, externalSecretsRoleTaken, gatewayRole, gatewayRoleTaken } from './roles.ts'
import { copiesMatch, secretsExist, secretsSynced, storeValid } from './secrets.ts'

export type { Check } from './check.ts'

/** Every check, from the ground up. */
export const checks: readonly Check[] = [
  account,
  cluster,
  certificatesValid,
  namespacesHold,
  gatewayRole,
  externalSecretsRole,
  gatewayRoleTaken,
  externalSecretsRoleTaken,
  gatewayRolePermits,
  externalSecretsRolePermits,
  secretsExist,
  ...operatorChecks,
  storeValid,
  secretsSynced,
  copiesMatch,
  ...monitoringChecks,
  ...jaegerChecks,
  ...gatekeeperChecks,
  ...webhookChecks,
  ...policyChecks,
  ...redisChecks,
  cacheCertificateHolds,
  ...litellmChecks,
  ...openWebUiChecks,
  policiesHold,
]
