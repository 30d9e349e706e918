import { isReleaseStep } from '../helm-release.ts'
import { steps } from '../index.ts'
import { oidcProvider, secretNames } from './account.ts'
import { awsPermissions } from './aws-permissions.ts'
import { bedrockModels } from './bedrock.ts'
import { cacheCertificate } from './cache-certificate.ts'
import { capacity } from './capacity.ts'
import { chartChecks } from './charts.ts'
import type { DoctorCheck } from './finding.ts'
import { policyEngine } from './network-policies.ts'
import { kubePermissions } from './permissions.ts'
import { quotas } from './quotas.ts'
import { storageClass } from './storage-class.ts'
import { volumeZones } from './volumes.ts'
import { webhooks } from './webhooks.ts'
import { redisSpread } from './zones.ts'

export type { DoctorCheck, DoctorContext, Finding, Repair } from './finding.ts'

/** Steps that keep a Helm release. */
export const releases = steps.filter(isReleaseStep)

/** Every check of the ground that needs nothing but the ports. */
export const doctorChecks: readonly DoctorCheck[] = [
  kubePermissions,
  awsPermissions,
  oidcProvider,
  storageClass,
  capacity(releases),
  quotas,
  redisSpread,
  cacheCertificate,
  volumeZones,
  webhooks,
  policyEngine,
  ...chartChecks(releases),
  secretNames,
  bedrockModels,
]
