import type { Config } from '../config/schema.ts'
import type { Step, StepRuntime } from '../engine/step.ts'
import type { Eks, Iam, SecretsManager, Sts } from './aws.ts'
import type { CachePasswords } from './cache.ts'
import type { Certificates } from './certificates.ts'
import type { GatewayKeys } from './gateway.ts'
import type { Helm } from './helm.ts'
import type { Kube } from './kube.ts'
import type { Readiness } from './readiness.ts'
import type { ServiceCalls } from './service-calls.ts'
import type { Assets, Clock, ProvidedValues, Random } from './world.ts'

export type * from './aws.ts'
export type * from './cache.ts'
export type * from './certificates.ts'
export type * from './gateway.ts'
export type * from './helm.ts'
export type * from './kube.ts'
export type * from './readiness.ts'
export type * from './service-calls.ts'
export type * from './world.ts'

/** The account and cluster this run works on, compared with reality by the guard before anything else. */
export interface Target {
  readonly accountId: string
  readonly region: string
  /** `aws`, `aws-us-gov`, `aws-cn`. */
  readonly partition: string
  readonly clusterName: string
  readonly clusterArn: string
  /** Issuer URL without `https://`, as trust policies name it. */
  readonly oidcIssuer: string
  /** True in `--sandbox`. */
  readonly sandbox: boolean
  /** True in a sandbox in which no PostgreSQL stands behind the address of a database. */
  readonly unservedDatabase?: boolean
}

/** What the user asked for beyond the configuration. */
export interface RunOptions {
  /** Take over what exists and nobody owns. */
  readonly adopt: boolean
  /** Restore secrets that are pending deletion instead of stopping at them. */
  readonly restoreSecrets: boolean
  /** A release that does not get ready goes back to the revision before. */
  readonly rollbackOnFailure?: boolean
  /** On destroy: also delete CRDs, volumes; purge secrets instead of scheduling their deletion. */
  readonly destroy: {
    readonly crds: boolean
    readonly volumes: boolean
    readonly secrets: 'keep' | 'schedule' | 'purge'
  }
}

/** All that a step may see. */
export interface Services {
  readonly config: Config
  readonly target: Target
  readonly options: RunOptions
  readonly kube: Kube
  readonly readiness: Readiness
  readonly helm: Helm
  readonly serviceCalls: ServiceCalls
  readonly gatewayKeys: GatewayKeys
  readonly cachePasswords: CachePasswords
  readonly iam: Iam
  readonly secretsManager: SecretsManager
  readonly eks: Eks
  readonly sts: Sts
  readonly assets: Assets
  readonly certificates: Certificates
  readonly clock: Clock
  readonly random: Random
  readonly provided: ProvidedValues
}

/** What a step's methods get. */
export type StepContext = Services & StepRuntime

/** A step of this platform. */
export type LlmgwStep<Out = void> = Step<Services, Out>
