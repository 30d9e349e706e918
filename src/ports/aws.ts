import type { Secret } from '../secret.ts'

export type Tags = Readonly<Record<string, string>>

/** An IAM policy document. Field order and single-or-list forms carry no meaning; compare semantically. */
export interface PolicyDocument {
  readonly Version: string
  readonly Statement: readonly Readonly<Record<string, unknown>>[]
}

export interface Role {
  readonly name: string
  readonly arn: string
  readonly trust: PolicyDocument
  readonly inline: Readonly<Record<string, PolicyDocument>>
  /** ARNs of attached managed policies. */
  readonly attached: readonly string[]
  readonly tags: Tags
  readonly maxSessionSeconds: number
  readonly permissionsBoundary?: string
}

/** All AWS ports throw `PreflightError` for expired, denied, unreachable (codes AwsExpired, AwsDenied, AwsUnreachable, AwsThrottled) with AWS's own words as cause. */
export interface Iam {
  findRole(name: string, signal?: AbortSignal): Promise<Role | undefined>
  createRole(
    role: {
      readonly name: string
      readonly trust: PolicyDocument
      readonly tags: Tags
      readonly description: string
      readonly permissionsBoundary?: string
    },
    signal?: AbortSignal,
  ): Promise<void>
  updateTrust(name: string, trust: PolicyDocument, signal?: AbortSignal): Promise<void>
  putInlinePolicy(role: string, policy: string, document: PolicyDocument, signal?: AbortSignal): Promise<void>
  /** False when it was not there. */
  removeInlinePolicy(role: string, policy: string, signal?: AbortSignal): Promise<boolean>
  tagRole(name: string, tags: Tags, signal?: AbortSignal): Promise<void>
  /** False when it was not there; inline policies must be gone and attachments detached before. */
  removeRole(name: string, signal?: AbortSignal): Promise<boolean>
  /**
   * Whether IAM would allow `principal` (ARN of a user or role) each action on each resource, session and resource
   * policies left out. `context` fills condition keys.
   */
  simulate(
    request: {
      readonly principal: string
      readonly actions: readonly string[]
      readonly resources: readonly string[]
      readonly context?: Readonly<Record<string, string>>
    },
    signal?: AbortSignal,
  ): Promise<readonly { readonly action: string; readonly resource: string; readonly allowed: boolean }[]>
  findOidcProvider(
    arn: string,
    signal?: AbortSignal,
  ): Promise<{ readonly arn: string; readonly url: string; readonly audiences: readonly string[] } | undefined>
}

export interface SecretMeta {
  readonly name: string
  readonly arn: string
  readonly description?: string
  readonly tags: Tags
  /** ISO 8601; set while it is scheduled for deletion: its value is unreadable and its name taken. */
  readonly deletedAt?: string
  readonly createdAt?: string
  readonly changedAt?: string
  /** VersionId -> staging labels, of which each has at least one. Empty = a container without a value. */
  readonly versions: Readonly<Record<string, readonly string[]>>
  readonly kmsKeyId?: string
  /** Of a key: the other keys of its JSON that were not written through this port. */
  readonly foreignKeys?: readonly string[]
}

/** A secret that is not there yet. */
export interface NewSecret {
  readonly name: string
  readonly value: Secret
  readonly description: string
  readonly tags: Tags
  readonly kmsKeyId?: string
  /** Makes a repeated call after a crash the same call, and is the id of the version. */
  readonly token?: string
}

/**
 * Values by name. A name is that of a secret, or `secret#key`: then the value is one key of that secret's JSON, with
 * versions and labels of its own. What is about the secret as a whole (tags, description, pending deletion) its keys
 * share, and keys of others are kept as they are. Throws `BundleInvalid` where the JSON is none, `BundleTooLarge` before a
 * write that AWS would refuse, `BundleConflict` where others change it without end.
 */
export interface SecretsManager {
  /** Metadata, also of one that is pending deletion; undefined when there is none of that name. */
  describe(name: string, signal?: AbortSignal): Promise<SecretMeta | undefined>
  /** Names of the secrets with exactly this tag, sorted; those pending deletion are left out. */
  tagged(tag: { readonly key: string; readonly value: string }, signal?: AbortSignal): Promise<readonly string[]>
  /** As `secret#key`, sorted: what llmgw put under keys of this JSON secret; none where there is no such secret. */
  ownKeys(secret: string, signal?: AbortSignal): Promise<readonly string[]>
  /** The AWSCURRENT value; undefined when there is no such secret or it has no value. */
  value(name: string, signal?: AbortSignal): Promise<{ readonly value: Secret; readonly versionId: string } | undefined>
  /** The value of a version that has a label; undefined when there is no such secret or version. */
  versionValue(name: string, versionId: string, signal?: AbortSignal): Promise<Secret | undefined>
  /** Throws `AlreadyExists` (code) rather than touch one that is there. */
  create(secret: NewSecret, signal?: AbortSignal): Promise<{ readonly arn: string; readonly versionId: string }>
  /** Each as `create` does, in this order; the keys of one JSON in one write. */
  createAll(secrets: readonly NewSecret[], signal?: AbortSignal): Promise<void>
  /** A first value for a container that has none; never used on one that has a value. */
  putFirstValue(name: string, value: Secret, signal?: AbortSignal): Promise<{ readonly versionId: string }>
  /**
   * A new version under a staging label of ours, which it takes from the version that has it; the current one stays
   * current. `token` makes a repeated call after a crash the same call.
   */
  addVersion(
    name: string,
    version: { readonly value: Secret; readonly label: string; readonly token?: string },
    signal?: AbortSignal,
  ): Promise<{ readonly versionId: string }>
  /** Makes a version the current one; the one it was before gets AWSPREVIOUS. Nothing to do where it is current. */
  promote(name: string, versionId: string, signal?: AbortSignal): Promise<void>
  /** Takes a staging label off the version that has it; false when none has. AWS deletes versions without a label in time. */
  removeLabel(name: string, label: string, signal?: AbortSignal): Promise<boolean>
  tag(name: string, tags: Tags, signal?: AbortSignal): Promise<void>
  /** Cancels a pending deletion. */
  restore(name: string, signal?: AbortSignal): Promise<void>
  /** Schedules deletion with a recovery window (7 to 30 days); false when there is none. A key alone cannot be scheduled. */
  scheduleDeletion(name: string, recoveryDays: number, signal?: AbortSignal): Promise<boolean>
  /** Deletes at once and for good; only behind an explicit flag. False when there is none. Of a key: that key alone. */
  purge(name: string, signal?: AbortSignal): Promise<boolean>
}

/** Secrets as AWS knows them, each a whole: what keys of a JSON are built on. */
export interface WholeSecrets extends Omit<SecretsManager, 'createAll' | 'ownKeys'> {
  /** As `promote`, where `expected` still is the current version; throws `VersionConflict` and changes nothing where it is not. */
  promoteFrom(name: string, versionId: string, expected: string, signal?: AbortSignal): Promise<void>
}

export interface EksCluster {
  readonly name: string
  readonly arn: string
  readonly endpoint: string
  /** Base64 PEM bundle. */
  readonly certificateAuthority: string
  readonly version: string
  readonly status: string
  /** `https://oidc.eks.<region>.amazonaws.com/id/<ID>`; absent when the cluster has none. */
  readonly oidcIssuer?: string
}

export interface Eks {
  findCluster(name: string, signal?: AbortSignal): Promise<EksCluster | undefined>
  /** Names of the clusters in the region, sorted. */
  listClusters(signal?: AbortSignal): Promise<readonly string[]>
}

export interface Sts {
  /** `skewMs`: how far the clock of AWS is ahead of ours, from the Date header, to a second; absent without that header. */
  callerIdentity(
    signal?: AbortSignal,
  ): Promise<{ readonly accountId: string; readonly arn: string; readonly skewMs?: number }>
  /**
   * Takes a role on with a web identity token, as pods do, drops the credentials, and says as whom. `refused`: AWS's words
   * of why the token or its bearer is not trusted, after the seconds that IAM takes to show a change.
   */
  assumeWithToken(
    request: { readonly roleArn: string; readonly token: Secret; readonly session: string },
    signal?: AbortSignal,
  ): Promise<{ readonly arn: string } | { readonly refused: string }>
}
