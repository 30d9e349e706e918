import { isReleaseStep } from '../helm-release.ts'
import { steps } from '../index.ts'
import { oidcProvider, secretNames } from './account.ts'
import { awsPermissions } from './aws-permissions.ts'
import { capacity } from './capacity.ts'
import { chartChecks } from './charts.ts'
import type { DoctorCheck } from './finding.ts'
import { policyEngine } from './network-policies.ts'
import { kubePermissions } from './permissions.ts'
import { storageClass } from './storage-class.ts'
import { redisSpread } from './zones.ts'

export type { DoctorCheck, DoctorContext, Finding } from './finding.ts'

/** Steps that keep a Helm release. */
export const releases = steps.filter(isReleaseStep)

/** Every check of the ground that needs nothing but the ports. */
export const doctorChecks: readonly DoctorCheck[] = [
  kubePermissions,
  awsPermissions,
  oidcProvider,
  storageClass,
  capacity(releases),
  redisSpread,
  policyEngine,
  ...chartChecks(releases),
  secretNames,
]
