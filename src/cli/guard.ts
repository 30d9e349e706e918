import type { Config } from '../config/schema.ts'
import { PreflightError } from '../errors.ts'
import type { EksCluster, Target } from '../ports/index.ts'
import type { ClusterConnection, World } from './world.ts'

/** Whose credentials these are; `skewMs`: how far the clock of AWS is ahead. */
interface Caller {
  readonly accountId: string
  readonly arn: string
  readonly skewMs?: number
}

/** The right account and the right cluster, reached. */
export interface Guarded {
  readonly target: Target
  readonly caller: Caller
  readonly connection: ClusterConnection
  /** Version of the API server. */
  readonly kubeVersion: string
}

type Environment = Readonly<Record<string, string | undefined>>

/**
 * Compares what the configuration pins with reality, before anything else is looked at.
 * @throws PreflightError that names found and expected
 */
export async function guard(world: World, env: Environment, signal: AbortSignal): Promise<Guarded> {
  const [caller, cluster] = await Promise.all([
    examineAccount(world, env, signal),
    world.aws.eks.findCluster(world.loaded.config.cluster.name, signal),
  ])
  const place = await examineCluster({ world, env, caller }, cluster)
  return { ...place, kubeVersion: await place.connection.kube.version(signal) }
}

/** Whose credentials these are. @throws PreflightError ForeignEndpoint, WrongAccount */
export async function examineAccount(world: World, env: Environment, signal: AbortSignal): Promise<Caller> {
  const { config } = world.loaded
  if (!world.sandbox) refuseForeignEndpoint(config, env)
  return checkAccount(config, await world.aws.sts.callerIdentity(signal))
}

/** Whether a cluster is the one that is meant; connects to it, and makes no call. @throws PreflightError that names found and expected */
export async function examineCluster(
  { world, env, caller }: { readonly world: World; readonly env: Environment; readonly caller: Caller },
  cluster: EksCluster | undefined,
): Promise<Omit<Guarded, 'kubeVersion'>> {
  const { config } = world.loaded
  const active = checkCluster(config, caller.accountId, cluster)
  const oidcIssuer = checkIssuer(active, world.sandbox ? undefined : env.OIDC_PROVIDER)
  const connection = await world.connect(active)
  checkServer(active, connection)
  const target: Target = {
    accountId: caller.accountId,
    region: config.aws.region,
    partition: active.arn.split(':')[1] ?? 'aws',
    clusterName: active.name,
    clusterArn: active.arn,
    oidcIssuer,
    sandbox: world.sandbox !== undefined,
    unservedDatabase: world.sandbox?.database === false,
  }
  return { target, caller, connection }
}

/** A forgotten variable of a test set-up must not turn a deployment into one on an emulator. */
function refuseForeignEndpoint(config: Config, env: Environment): void {
  for (const [name, value] of Object.entries(env)) {
    if (!/^AWS_ENDPOINT_URL(_|$)/.test(name) || !value || value === config.aws.endpointUrl) continue
    throw new PreflightError(
      'ForeignEndpoint',
      `${name} would send AWS calls to ${value}, which the configuration does not name`,
      {
        hint: `unset ${name}, set aws.endpointUrl to that address if it is meant, or use --sandbox`,
      },
    )
  }
}

function checkAccount(config: Config, caller: Caller): Caller {
  const pinned = config.aws.accountId
  if (pinned === undefined || pinned === caller.accountId) return caller
  throw new PreflightError(
    'WrongAccount',
    `the credentials belong to account ${caller.accountId} (${caller.arn}), expected ${pinned}`,
    { hint: 'use credentials of the expected account, e.g. AWS_PROFILE=… llmgw status, or change aws.accountId' },
  )
}

function checkCluster(config: Config, accountId: string, cluster: EksCluster | undefined): EksCluster {
  const { name } = config.cluster
  const { region } = config.aws
  if (!cluster)
    throw new PreflightError('ClusterNotFound', `no EKS cluster "${name}" in ${region} of account ${accountId}`, {
      hint: `see which there are: aws eks list-clusters --region ${region}`,
    })
  const [, , , arnRegion, arnAccount] = cluster.arn.split(':')
  if (arnRegion !== region || arnAccount !== accountId)
    throw new PreflightError(
      'WrongCluster',
      `EKS cluster "${name}" is ${cluster.arn}, expected one in ${region} of account ${accountId}`,
      { hint: 'compare aws.region and aws.accountId with the credentials in use: aws sts get-caller-identity' },
    )
  if (cluster.status !== 'ACTIVE')
    throw new PreflightError('ClusterNotActive', `EKS cluster "${name}" is ${cluster.status}, expected ACTIVE`, {
      hint: `wait for it: aws eks wait cluster-active --name ${name} --region ${region}`,
    })
  return cluster
}

function checkIssuer(cluster: EksCluster, given: string | undefined): string {
  const found = cluster.oidcIssuer === undefined ? undefined : bare(cluster.oidcIssuer)
  const expected = given ? bare(given) : undefined
  if (found !== undefined && expected !== undefined && found !== expected)
    throw new PreflightError(
      'WrongOidcProvider',
      `OIDC_PROVIDER is ${expected}, but EKS cluster "${cluster.name}" has ${found}`,
      {
        hint: 'unset OIDC_PROVIDER: it is read from the cluster',
      },
    )
  const issuer = found ?? expected
  if (issuer === undefined)
    throw new PreflightError('NoOidcIssuer', `EKS cluster "${cluster.name}" shows no OIDC issuer`, {
      hint: 'set OIDC_PROVIDER to the issuer of the cluster, without https://',
    })
  return issuer
}

function bare(issuer: string): string {
  return issuer.replace(/^https:\/\//, '').replace(/\/$/, '')
}

/** A kubeconfig context says nothing about which EKS cluster it is for; its server does. */
function checkServer(cluster: EksCluster, { server }: ClusterConnection): void {
  if (server === undefined || cluster.endpoint === '' || host(server) === host(cluster.endpoint)) return
  throw new PreflightError(
    'WrongKubeContext',
    `the kubeconfig context leads to ${server}, expected the endpoint of EKS cluster "${cluster.name}", ${cluster.endpoint}`,
    { hint: `aws eks update-kubeconfig --name ${cluster.name}, or set cluster.connection to { kind: eks }` },
  )
}

function host(url: string): string {
  return URL.canParse(url) ? new URL(url).host.toLowerCase() : url
}
