import { createHash, randomUUID } from 'node:crypto'
import { StepError } from '../../src/errors.ts'
import type { SecretMeta, SecretsManager, WholeSecrets } from '../../src/ports/index.ts'
import { Secret } from '../../src/secret.ts'
import type { Enter, FakeAwsState } from './fake-aws.ts'

export interface FakeSecret {
  readonly name: string
  readonly arn: string
  readonly description: string
  readonly kmsKeyId?: string
  readonly createdAt: string
  changedAt: string
  deletedAt?: string
  tags: Readonly<Record<string, string>>
  /** VersionId -> clear value and staging labels. */
  readonly versions: Map<string, { readonly value: string; labels: string[] }>
}

interface Place {
  readonly accountId: string
  readonly region: string
  readonly partition: string
}

interface Seed {
  readonly name: string
  readonly value?: string
  readonly tags?: Readonly<Record<string, string>>
  readonly description?: string
  readonly deletedAt?: string
  readonly kmsKeyId?: string
}

/** A secret as the options of the fake describe it. */
export function seededSecret(place: Place, seed: Seed): FakeSecret {
  // AWS adds six characters of its own to each ARN; these are stable, so that tests can name it.
  const suffix = createHash('sha256').update(seed.name).digest('hex').slice(0, 6)
  const at = '2026-01-01T00:00:00.000Z'
  return {
    name: seed.name,
    arn: `arn:${place.partition}:secretsmanager:${place.region}:${place.accountId}:secret:${seed.name}-${suffix}`,
    description: seed.description ?? '',
    tags: seed.tags ?? {},
    createdAt: at,
    changedAt: at,
    versions: new Map(seed.value === undefined ? [] : [[randomUUID(), { value: seed.value, labels: ['AWSCURRENT'] }]]),
    ...(seed.kmsKeyId === undefined ? {} : { kmsKeyId: seed.kmsKeyId }),
    ...(seed.deletedAt === undefined ? {} : { deletedAt: seed.deletedAt }),
  }
}

const current = (secret: FakeSecret) =>
  [...secret.versions].find(([, version]) => version.labels.includes('AWSCURRENT'))

function meta(secret: FakeSecret): SecretMeta {
  const { versions, description, tags, ...rest } = secret
  return {
    ...rest,
    tags: { ...tags },
    ...(description === '' ? {} : { description }),
    versions: Object.fromEntries(
      [...versions].filter(([, { labels }]) => labels.length > 0).map(([id, { labels }]) => [id, [...labels]]),
    ),
  }
}

function getUsable(state: FakeAwsState, name: string): FakeSecret {
  const secret = state.secrets.get(name)
  if (!secret) throw new StepError('NotFound', `secret ${name} does not exist`)
  if (secret.deletedAt) throw new StepError('SecretPendingDeletion', `secret ${name} is scheduled for deletion`)
  return secret
}

type Reads = Pick<SecretsManager, 'describe' | 'tagged' | 'value' | 'versionValue'>
type Deletes = Pick<SecretsManager, 'restore' | 'scheduleDeletion' | 'purge'>
type Versions = Pick<WholeSecrets, 'addVersion' | 'promote' | 'promoteFrom' | 'removeLabel'>

const reads = (state: FakeAwsState, enter: Enter): Reads => ({
  async describe(name, signal) {
    enter('secretsManager.describe', name, signal)
    const secret = state.secrets.get(name)
    return secret && meta(secret)
  },
  async tagged({ key, value }, signal) {
    enter('secretsManager.tagged', `${key}=${value}`, signal)
    const found = [...state.secrets.values()].filter(({ tags, deletedAt }) => tags[key] === value && !deletedAt)
    return found.map(({ name }) => name).sort()
  },
  async value(name, signal) {
    enter('secretsManager.value', name, signal)
    if (!state.secrets.has(name)) return undefined
    const found = current(getUsable(state, name))
    return found && { versionId: found[0], value: new Secret(found[1].value) }
  },
  async versionValue(name, versionId, signal) {
    enter('secretsManager.versionValue', name, signal)
    if (!state.secrets.has(name)) return undefined
    const found = getUsable(state, name).versions.get(versionId)
    return found && new Secret(found.value)
  },
})

const holder = ({ versions }: FakeSecret, label: string) =>
  [...versions].find(([, { labels }]) => labels.includes(label))

/** Takes a label off the version that has it. */
function take(secret: FakeSecret, label: string): string | undefined {
  const found = holder(secret, label)
  if (found) found[1].labels = found[1].labels.filter((one) => one !== label)
  return found?.[0]
}

function moveCurrent(secret: FakeSecret, versionId: string): void {
  const version = secret.versions.get(versionId)
  if (!version) throw new StepError('AwsFailed', `secret ${secret.name} has no version ${versionId}`)
  if (version.labels.includes('AWSCURRENT')) return
  const previous = take(secret, 'AWSCURRENT')
  version.labels = [...version.labels.filter((label) => label !== 'AWSPREVIOUS'), 'AWSCURRENT']
  if (previous === undefined) return
  take(secret, 'AWSPREVIOUS')
  secret.versions.get(previous)?.labels.push('AWSPREVIOUS')
}

const versioned = (state: FakeAwsState, enter: Enter): Versions => ({
  async addVersion(name, { value, label, token }, signal) {
    enter('secretsManager.addVersion', name, signal)
    const secret = getUsable(state, name)
    const versionId = token ?? randomUUID()
    const known = secret.versions.get(versionId)
    if (known !== undefined && known.value !== value.reveal())
      throw new StepError('AlreadyExists', `secret ${name} already exists`)
    if (known !== undefined) return { versionId }
    take(secret, label)
    const labels = secret.versions.size === 0 ? [label, 'AWSCURRENT'] : [label]
    secret.versions.set(versionId, { value: value.reveal(), labels })
    return { versionId }
  },
  async promote(name, versionId, signal) {
    enter('secretsManager.promote', name, signal)
    moveCurrent(getUsable(state, name), versionId)
  },
  async promoteFrom(name, versionId, expected, signal) {
    enter('secretsManager.promoteFrom', name, signal)
    const secret = getUsable(state, name)
    const at = current(secret)?.[0]
    if (at !== expected && at !== versionId)
      throw new StepError('VersionConflict', `secret ${name} has another current version by now`)
    moveCurrent(secret, versionId)
  },
  async removeLabel(name, label, signal) {
    enter('secretsManager.removeLabel', `${name} ${label}`, signal)
    return take(getUsable(state, name), label) !== undefined
  },
})

type Writes = Omit<WholeSecrets, keyof Reads | keyof Deletes | keyof Versions>

const writes = (state: FakeAwsState, enter: Enter): Writes => ({
  async create({ name, value, token, ...secret }, signal) {
    enter('secretsManager.create', name, signal)
    const old = state.secrets.get(name)
    if (old?.deletedAt) getUsable(state, name)
    if (old && token !== undefined && old.versions.get(token)?.value === value.reveal())
      return { arn: old.arn, versionId: token }
    if (old) throw new StepError('AlreadyExists', `secret ${name} already exists`)
    const versionId = token ?? randomUUID()
    const made = seededSecret(state, { ...secret, name })
    made.versions.set(versionId, { value: value.reveal(), labels: ['AWSCURRENT'] })
    state.secrets.set(name, made)
    return { arn: made.arn, versionId }
  },
  async putFirstValue(name, value, signal) {
    enter('secretsManager.putFirstValue', name, signal)
    const secret = getUsable(state, name)
    if (current(secret)) throw new StepError('AlreadyExists', `secret ${name} already has a value`)
    const versionId = randomUUID()
    secret.versions.set(versionId, { value: value.reveal(), labels: ['AWSCURRENT'] })
    return { versionId }
  },
  async tag(name, tags, signal) {
    enter('secretsManager.tag', name, signal)
    const secret = getUsable(state, name)
    secret.tags = { ...secret.tags, ...tags }
  },
})

const deletes = (state: FakeAwsState, enter: Enter): Deletes => ({
  async restore(name, signal) {
    enter('secretsManager.restore', name, signal)
    const secret = state.secrets.get(name)
    if (!secret) throw new StepError('NotFound', `secret ${name} does not exist`)
    delete secret.deletedAt
  },
  async scheduleDeletion(name, _recoveryDays, signal) {
    enter('secretsManager.scheduleDeletion', name, signal)
    const secret = state.secrets.get(name)
    if (!secret) return false
    secret.deletedAt ??= new Date().toISOString()
    return true
  },
  async purge(name, signal) {
    enter('secretsManager.purge', name, signal)
    return state.secrets.delete(name)
  },
})

/** Secrets Manager in memory: one version per write, staging labels, pending deletion that takes the name. */
export function createFakeSecretsManager(state: FakeAwsState, enter: Enter): WholeSecrets {
  return {
    ...reads(state, enter),
    ...writes(state, enter),
    ...versioned(state, enter),
    ...deletes(state, enter),
  }
}
