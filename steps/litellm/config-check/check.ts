import { ConfigError } from '../../../src/errors.ts'
import type { ReleaseSpec, Services } from '../../../src/ports/index.ts'
import { type Facts, isTree, type ProxyFault, type Subject, type Tree } from './fault.ts'
import { fallbackFaults, modelFaults } from './models.ts'
import { masterKeyFaults, secretFaults } from './secrets.ts'
import { authFaults, callbackFaults, unknownKeys } from './settings.ts'

type Values = ReleaseSpec['values']

/** What the chart and the cluster give the pod by themselves. Source: litellm chart 1.0.0; EKS, pod identity webhook. */
const GIVEN = [
  'LITELLM_MASTER_KEY',
  'PROXY_MASTER_KEY',
  'DATABASE_HOST',
  'DATABASE_PORT',
  'DATABASE_USER',
  'DATABASE_USERNAME',
  'DATABASE_PASSWORD',
  'DATABASE_NAME',
  'AWS_REGION',
  'AWS_DEFAULT_REGION',
  'AWS_ROLE_ARN',
  'AWS_WEB_IDENTITY_TOKEN_FILE',
]

/** Everything that is wrong with the configuration in these values of the chart, overrides included. */
export async function proxyFaults(
  ctx: Pick<Services, 'assets' | 'clock'>,
  values: Values,
): Promise<readonly ProxyFault[]> {
  const gateway = isTree(values.gateway) ? values.gateway : {}
  const config = isTree(gateway.config) ? gateway.config : {}
  const subject: Subject = {
    proxy: isTree(config.proxy_config) ? config.proxy_config : {},
    variables: variablesOf(gateway, values),
    now: ctx.clock.now(),
    facts: await factsOf(ctx),
  }
  const rules = [modelFaults, fallbackFaults, unknownKeys, callbackFaults, authFaults, secretFaults, masterKeyFaults]
  return rules.flatMap((rule) => rule(subject))
}

/** @throws ConfigError that names every error; warnings let a deployment go on */
export async function refuseFaults(ctx: Pick<Services, 'assets' | 'clock'>, values: Values): Promise<void> {
  const [first, ...rest] = (await proxyFaults(ctx, values)).filter(({ severity }) => severity === 'error')
  if (first === undefined) return
  throw new ConfigError(first.code, `LiteLLM configuration: ${first.path}: ${first.message}`, {
    hint: first.fix,
    cause: rest.map(({ path, message }) => `${path}: ${message}`),
  })
}

function variablesOf(gateway: Tree, { redis }: Values): ReadonlySet<string> {
  const own = Array.isArray(gateway.extraEnv) ? gateway.extraEnv.filter(isTree).map(({ name }) => String(name)) : []
  const cache = isTree(redis) && redis.host ? ['REDIS_HOST', 'REDIS_PORT', 'REDIS_PASSWORD'] : []
  return new Set([...GIVEN, ...cache, ...own])
}

async function factsOf({ assets }: Pick<Services, 'assets'>): Promise<Facts> {
  const [[known], [lifecycle]] = await Promise.all([
    assets.documents('helm-values/facts/litellm.yaml'),
    assets.documents('helm-values/facts/bedrock-lifecycle.yaml'),
  ])
  return { ...(known as Omit<Facts, 'lifecycle'>), lifecycle: lifecycle as Facts['lifecycle'] }
}
