import { createHash } from 'node:crypto'
import type { DescribeSecretResponse, SecretsManagerClient } from '@aws-sdk/client-secrets-manager'
import { StepError } from '../../errors.ts'
import type { NewSecret, SecretMeta, SecretsManager, Tags, WholeSecrets } from '../../ports/index.ts'
import { Secret } from '../../secret.ts'
import { readShared } from '../shared-reads.ts'
import { noteAttempts } from './attempts.ts'
import { allPages, type Caller, falseIfAbsent, hasCode, lazy, undefinedIfAbsent } from './call.ts'
import type { ClientSettings } from './connection.ts'

type Sdk = typeof import('@aws-sdk/client-secrets-manager')

/** One API call about a secret, by its API name. */
type Send = <T>(
  operation: string,
  target: { readonly name: string; readonly signal: AbortSignal | undefined },
  run: (sdk: Sdk, client: SecretsManagerClient, options: { readonly abortSignal: AbortSignal }) => Promise<T>,
) => Promise<T>

const CURRENT = 'AWSCURRENT'

type Reads = Pick<SecretsManager, 'describe' | 'tagged' | 'value' | 'versionValue'>
type Deletes = Pick<SecretsManager, 'restore' | 'scheduleDeletion' | 'purge'>
type Versions = Pick<WholeSecrets, 'addVersion' | 'promote' | 'promoteFrom' | 'removeLabel'>
type Writes = Omit<WholeSecrets, keyof Reads | keyof Deletes | keyof Versions>

/** Secrets Manager through the SDK. A value is in a request or an answer, and in a `Secret`, nowhere else. */
export function createSecretsManager(settings: () => ClientSettings, call: Caller): WholeSecrets {
  const load = lazy(async () => {
    const sdk = await import('@aws-sdk/client-secrets-manager')
    return { sdk, client: noteAttempts(new sdk.SecretsManagerClient(settings())) }
  })
  const send: Send = (operation, { name, signal }, run) =>
    call({ service: 'secretsmanager', operation, object: `secret ${name}` }, signal, async (abortSignal) => {
      const { sdk, client } = await load()
      return run(sdk, client, { abortSignal })
    })
  const readers = reads(send)
  return { ...readers, ...writes(send, readers), ...versions(send, readers), ...deletes(send, readers) }
}

function reads(send: Send): Reads {
  const describe: Reads['describe'] = async (name, signal) => {
    const answer = await undefinedIfAbsent(
      send('DescribeSecret', { name, signal }, (sdk, client, options) =>
        client.send(new sdk.DescribeSecretCommand({ SecretId: name }), options),
      ),
    )
    return answer && toMeta(name, answer)
  }
  return {
    describe: (name, signal) => readShared(send, { key: name, signal }, () => describe(name, signal)),
    async tagged({ key, value }, signal) {
      const Filters = [
        { Key: 'tag-key' as const, Values: [key] },
        { Key: 'tag-value' as const, Values: [value] },
      ]
      const entries = await allPages(async (NextToken) => {
        const { SecretList = [], NextToken: next } = await send(
          'ListSecrets',
          { name: `with tag ${key}=${value}`, signal },
          (sdk, client, options) =>
            client.send(
              new sdk.ListSecretsCommand({ Filters, ...(NextToken === undefined ? {} : { NextToken }) }),
              options,
            ),
        )
        return { items: SecretList, next }
      })
      // The filters of the API compare prefixes, each by itself.
      const exact = entries.filter(({ Tags = [] }) => Tags.some((tag) => tag.Key === key && tag.Value === value))
      return exact.flatMap(({ Name }) => Name ?? []).sort()
    },
    async value(name, signal) {
      const answer = await undefinedIfAbsent(
        send('GetSecretValue', { name, signal }, (sdk, client, options) =>
          client.send(new sdk.GetSecretValueCommand({ SecretId: name, VersionStage: CURRENT }), options),
        ),
      )
      if (answer?.SecretString === undefined || answer.VersionId === undefined) return undefined
      return { value: new Secret(answer.SecretString), versionId: answer.VersionId }
    },
    async versionValue(name, VersionId, signal) {
      const answer = await undefinedIfAbsent(
        send('GetSecretValue', { name, signal }, (sdk, client, options) =>
          client.send(new sdk.GetSecretValueCommand({ SecretId: name, VersionId }), options),
        ),
      )
      return answer?.SecretString === undefined ? undefined : new Secret(answer.SecretString)
    },
  }
}

function toMeta(name: string, answer: DescribeSecretResponse): SecretMeta {
  const optional = {
    description: answer.Description || undefined,
    deletedAt: answer.DeletedDate?.toISOString(),
    createdAt: answer.CreatedDate?.toISOString(),
    changedAt: answer.LastChangedDate?.toISOString(),
    kmsKeyId: answer.KmsKeyId || undefined,
  }
  return {
    name: answer.Name ?? name,
    arn: answer.ARN ?? '',
    tags: Object.fromEntries((answer.Tags ?? []).map(({ Key = '', Value = '' }) => [Key, Value])),
    // Without labels a version is deprecated; AWS leaves it out, its emulator does not.
    versions: Object.fromEntries(
      Object.entries(answer.VersionIdsToStages ?? {}).filter(([, labels]) => labels.length > 0),
    ),
    ...(Object.fromEntries(Object.entries(optional).filter(([, value]) => value !== undefined)) as Partial<SecretMeta>),
  }
}

const sdkTags = (tags: Tags) => Object.entries(tags).map(([Key, Value]) => ({ Key, Value }))

/** Version id of a first value: the same for every attempt on one secret, so that AWS itself refuses a second, different one. */
const firstVersion = (arn: string): string => createHash('sha256').update(`first value of ${arn}`).digest('hex')

function writes(send: Send, readers: Reads): Writes {
  return {
    async create(secret, signal) {
      try {
        const { ARN = '', VersionId = secret.token ?? '' } = await send(
          'CreateSecret',
          { name: secret.name, signal },
          (sdk, client, options) => client.send(new sdk.CreateSecretCommand(createInput(secret)), options),
        )
        return { arn: ARN, versionId: VersionId }
      } catch (error) {
        if (!hasCode(error, 'AlreadyExists')) throw error
        return await ownEarlierCall(secret, readers, error)
      }
    },
    async putFirstValue(name, value, signal) {
      const secret = await readers.describe(name, signal)
      if (!secret) throw new StepError('NotFound', `secret ${name} does not exist`)
      if (hasCurrent(secret)) throw new StepError('AlreadyExists', `secret ${name} already has a value`)
      const input = { SecretId: name, SecretString: value.reveal(), ClientRequestToken: firstVersion(secret.arn) }
      const { VersionId = '' } = await send('PutSecretValue', { name, signal }, (sdk, client, options) =>
        client.send(new sdk.PutSecretValueCommand(input), options),
      )
      return { versionId: VersionId }
    },
    async tag(name, tags, signal) {
      await send('TagResource', { name, signal }, (sdk, client, options) =>
        client.send(new sdk.TagResourceCommand({ SecretId: name, Tags: sdkTags(tags) }), options),
      )
    },
  }
}

function createInput({ name, value, description, tags, kmsKeyId, token }: NewSecret) {
  return {
    Name: name,
    SecretString: value.reveal(),
    Description: description,
    Tags: sdkTags(tags),
    ...(kmsKeyId === undefined ? {} : { KmsKeyId: kmsKeyId }),
    ...(token === undefined ? {} : { ClientRequestToken: token }),
  }
}

/** The answer of a create whose first try went through although its answer was lost; `refusal` when somebody else's is there. */
async function ownEarlierCall({ name, value, token }: NewSecret, { describe, value: read }: Reads, refusal: unknown) {
  const secret = await describe(name)
  if (secret?.deletedAt) throw pendingDeletion(name, refusal)
  if (!secret || token === undefined || !(token in secret.versions)) throw refusal
  const live = await read(name)
  if (live?.versionId !== token || live.value.reveal() !== value.reveal()) throw refusal
  return { arn: secret.arn, versionId: token }
}

function pendingDeletion(name: string, cause: unknown): StepError {
  const hint = `aws secretsmanager restore-secret --secret-id ${name}`
  return new StepError('SecretPendingDeletion', `secret ${name} is scheduled for deletion`, { hint, cause })
}

function versions(send: Send, { describe }: Reads): Versions {
  const labelled = async (
    name: string,
    label: string,
    signal: AbortSignal | undefined,
  ): Promise<string | undefined> => {
    const secret = await describe(name, signal)
    if (!secret) throw new StepError('NotFound', `secret ${name} does not exist`)
    return Object.entries(secret.versions).find(([, labels]) => labels.includes(label))?.[0]
  }
  const move =
    (name: string, input: { VersionStage: string; MoveToVersionId?: string; RemoveFromVersionId?: string }) =>
    (signal: AbortSignal | undefined) =>
      send('UpdateSecretVersionStage', { name, signal }, (sdk, client, options) =>
        client.send(new sdk.UpdateSecretVersionStageCommand({ SecretId: name, ...input }), options),
      )
  return {
    async addVersion(name, { value, label, token }, signal) {
      const input = {
        SecretId: name,
        SecretString: value.reveal(),
        VersionStages: [label],
        ...(token === undefined ? {} : { ClientRequestToken: token }),
      }
      const { VersionId = '' } = await send('PutSecretValue', { name, signal }, (sdk, client, options) =>
        client.send(new sdk.PutSecretValueCommand(input), options),
      )
      return { versionId: VersionId }
    },
    async promote(name, versionId, signal) {
      const current = await labelled(name, CURRENT, signal)
      if (current === versionId) return
      const from = current === undefined ? {} : { RemoveFromVersionId: current }
      await move(name, { VersionStage: CURRENT, MoveToVersionId: versionId, ...from })(signal)
    },
    async promoteFrom(name, versionId, expected, signal) {
      const input = { VersionStage: CURRENT, MoveToVersionId: versionId, RemoveFromVersionId: expected }
      try {
        await move(name, input)(signal)
      } catch (error) {
        if (!hasCode(error, 'AwsFailed')) throw error
        // AWS moves a label only from the version that is named; its refusal has no name of its own.
        const current = await labelled(name, CURRENT, signal)
        if (current === versionId) return
        if (current === expected) throw error
        throw new StepError('VersionConflict', `secret ${name} has another current version by now`, { cause: error })
      }
    },
    async removeLabel(name, label, signal) {
      const version = await labelled(name, label, signal)
      if (version === undefined) return false
      await move(name, { VersionStage: label, RemoveFromVersionId: version })(signal)
      return true
    },
  }
}

const hasCurrent = (secret: SecretMeta): boolean =>
  Object.values(secret.versions).some((labels) => labels.includes('AWSCURRENT'))

function deletes(send: Send, { describe }: Reads): Deletes {
  return {
    async restore(name, signal) {
      await send('RestoreSecret', { name, signal }, (sdk, client, options) =>
        client.send(new sdk.RestoreSecretCommand({ SecretId: name }), options),
      )
    },
    async scheduleDeletion(name, recoveryDays, signal) {
      const input = { SecretId: name, RecoveryWindowInDays: recoveryDays }
      try {
        return await falseIfAbsent(
          send('DeleteSecret', { name, signal }, (sdk, client, options) =>
            client.send(new sdk.DeleteSecretCommand(input), options),
          ),
        )
      } catch (error) {
        // Scheduled before: it stays as it is, with the date it has.
        if (hasCode(error, 'SecretPendingDeletion')) return true
        throw error
      }
    },
    async purge(name, signal) {
      // A forced deletion succeeds on names that never were; only a look tells.
      if (!(await describe(name, signal))) return false
      const input = { SecretId: name, ForceDeleteWithoutRecovery: true }
      await send('DeleteSecret', { name, signal }, (sdk, client, options) =>
        client.send(new sdk.DeleteSecretCommand(input), options),
      )
      return true
    },
  }
}
