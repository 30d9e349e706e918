import type { Eks, EksCluster, Iam, Role, Sts, WholeSecrets } from '../../src/ports/index.ts'
import { createFakeIam } from './fake-iam.ts'
import { createFakeSecretsManager, type FakeSecret, seededSecret } from './fake-secrets-manager.ts'
import { createFakeSts } from './fake-sts.ts'

interface OidcProvider {
  readonly arn: string
  readonly url: string
  readonly audiences: readonly string[]
}

/** What exists before the test starts. Everything may be left out. */
export interface FakeAwsOptions {
  readonly accountId?: string
  readonly region?: string
  readonly partition?: string
  readonly callerArn?: string
  readonly roles?: readonly (Partial<Role> & { readonly name: string })[]
  readonly oidcProviders?: readonly OidcProvider[]
  readonly secrets?: readonly {
    readonly name: string
    /** Absent = a container without a value. */
    readonly value?: string
    readonly tags?: Readonly<Record<string, string>>
    readonly description?: string
    readonly deletedAt?: string
    readonly kmsKeyId?: string
  }[]
  readonly clusters?: readonly (Partial<EksCluster> & { readonly name: string })[]
  /** IAM actions that a simulation does not allow. */
  readonly deniedActions?: readonly string[]
  /** How far the clock of AWS is ahead. */
  readonly skewMs?: number
}

/** The account: change it from a test to play the part of somebody else. */
export interface FakeAwsState {
  readonly accountId: string
  readonly region: string
  readonly partition: string
  readonly roles: Map<string, Role>
  readonly oidcProviders: Map<string, OidcProvider>
  readonly secrets: Map<string, FakeSecret>
  readonly clusters: Map<string, EksCluster>
  readonly deniedActions: Set<string>
}

/** `port.method`, e.g. `iam.createRole`. */
type FakeAwsOperation =
  | `iam.${keyof Iam & string}`
  | `secretsManager.${keyof WholeSecrets & string}`
  | `eks.${keyof Eks & string}`
  | `sts.${keyof Sts & string}`

/** Called first in each method: records, obeys the signal, throws a planted failure. */
export type Enter = (operation: FakeAwsOperation, object: string, signal: AbortSignal | undefined) => void

export interface FakeAws {
  readonly iam: Iam
  /** Each secret a whole; a world's `secretsManager` knows keys of them, too. */
  readonly secretsManager: WholeSecrets
  readonly eks: Eks
  readonly sts: Sts
  readonly state: FakeAwsState
  /** Each writing call in order, e.g. `iam.createRole llmgw-gateway`. */
  readonly writes: string[]
  /** Each call in order, reads too. */
  readonly calls: string[]
  /** The next call of that operation throws `error` and changes nothing. */
  failNext(operation: FakeAwsOperation, error: Error): void
}

const READS = new Set<FakeAwsOperation>([
  'iam.findRole',
  'iam.findOidcProvider',
  'iam.simulate',
  'secretsManager.describe',
  'secretsManager.tagged',
  'secretsManager.value',
  'eks.findCluster',
  'eks.listClusters',
  'sts.callerIdentity',
  'sts.assumeWithToken',
])

function initialState(options: FakeAwsOptions): FakeAwsState {
  const { accountId = '123456789012', region = 'us-east-1', partition = 'aws' } = options
  const roles = (options.roles ?? []).map((role): [string, Role] => [
    role.name,
    {
      arn: `arn:${partition}:iam::${accountId}:role/${role.name}`,
      trust: { Version: '2012-10-17', Statement: [] },
      inline: {},
      attached: [],
      tags: {},
      maxSessionSeconds: 3600,
      ...role,
    },
  ])
  const clusters = (options.clusters ?? []).map((cluster): [string, EksCluster] => [
    cluster.name,
    {
      arn: `arn:${partition}:eks:${region}:${accountId}:cluster/${cluster.name}`,
      endpoint: 'https://127.0.0.1:6443',
      certificateAuthority: '',
      version: '1.35',
      status: 'ACTIVE',
      ...cluster,
    },
  ])
  const place = { accountId, region, partition }
  return {
    ...place,
    roles: new Map(roles),
    clusters: new Map(clusters),
    deniedActions: new Set(options.deniedActions ?? []),
    oidcProviders: new Map((options.oidcProviders ?? []).map((provider) => [provider.arn, provider])),
    secrets: new Map((options.secrets ?? []).map((secret) => [secret.name, seededSecret(place, secret)])),
  }
}

/** An AWS account in memory that keeps the rules the steps depend on. */
export function fakeAws(options: FakeAwsOptions = {}): FakeAws {
  const state = initialState(options)
  const planted = new Map<FakeAwsOperation, Error[]>()
  const writes: string[] = []
  const calls: string[] = []
  const enter: Enter = (operation, object, signal) => {
    signal?.throwIfAborted()
    calls.push(`${operation} ${object}`)
    const failure = planted.get(operation)?.shift()
    if (failure) throw failure
    if (!READS.has(operation)) writes.push(`${operation} ${object}`)
  }
  const callerArn = options.callerArn ?? `arn:${state.partition}:iam::${state.accountId}:user/operator`
  return {
    state,
    writes,
    calls,
    failNext: (operation, error) => {
      planted.set(operation, [...(planted.get(operation) ?? []), error])
    },
    iam: createFakeIam(state, enter),
    secretsManager: createFakeSecretsManager(state, enter),
    eks: {
      async findCluster(name, signal) {
        enter('eks.findCluster', name, signal)
        return state.clusters.get(name)
      },
      async listClusters(signal) {
        enter('eks.listClusters', '', signal)
        return [...state.clusters.keys()].sort()
      },
    },
    sts: createFakeSts(state, enter, { callerArn, skewMs: options.skewMs ?? 0 }),
  }
}
