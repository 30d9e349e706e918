import type { Config } from '../../src/config/schema.ts'
import { applied, ready } from '../../src/engine/step.ts'
import type { Services } from '../../src/ports/index.ts'
import { secretSync } from '../external-secrets/secret-sync.ts'
import { mergeValues } from '../helm-release/merge-values.ts'
import { helmRelease } from '../helm-release.ts'
import { irsaGateway } from '../irsa/irsa-gateway.ts'
import { RELEASES, ROLE_ANNOTATION, roleArn } from '../names.ts'
import { namespaces } from '../namespaces.ts'
import { redis } from '../redis.ts'
import { secretVersions } from '../secret-versions.ts'
import { secrets } from '../secrets.ts'
import { chartDatabase } from './chart-database.ts'
import { refuseFaults } from './config-check/check.ts'
import { gatewaySecrets, migrationEnvironment, proxyEnvironment } from './environment.ts'
import { GUARDRAILS_MODULE, guardrailsValues } from './guardrails.ts'
import { litellmPods } from './pods.ts'
import { proxyConfig, redisValues } from './proxy-config.ts'
import { moduleMounts } from './python-module.ts'
import { type GatewayAddress, gatewayAddress } from './service.ts'
import { TOKENS_MODULE, tokenCheckValues } from './token-check.ts'

/** LiteLLM: one API before all models. */
export const litellm = helmRelease<GatewayAddress>({
  id: 'litellm',
  title: 'Install LiteLLM',
  component: 'litellm',
  // Of Redis only its Service and Secret: LiteLLM starts, and serves, without a connection.
  needs: [applied(namespaces), ready(irsaGateway), ready(secrets), ready(secretSync), applied(redis)],
  release: RELEASES.litellm,
  namespace: ({ namespaces: { gateway } }) => gateway,
  baseValues: 'helm-values/litellm.yaml',
  async values(ctx) {
    const [tokens, rules] = await Promise.all([tokenCheckValues(ctx), guardrailsValues(ctx)])
    const database = chartDatabase(ctx.config)
    const extraResources = [database, tokens, rules].flatMap(
      (part) => (part.extraResources ?? []) as readonly unknown[],
    )
    return {
      ...mergeValues(database, platformValues(ctx), tokens, rules),
      ...(extraResources.length > 0 && { extraResources }),
    }
  },
  derived: (values) => moduleMounts([TOKENS_MODULE, GUARDRAILS_MODULE], values),
  async late(ctx) {
    return { gateway: { podAnnotations: await secretVersions(ctx, gatewaySecrets(ctx.config)) } }
  },
  refuse: refuseFaults,
  pods: litellmPods,
  out: ({ config }) => gatewayAddress(config),
})

function platformValues(ctx: Services) {
  const { config, target } = ctx
  const { roleName, serviceAccount } = config.irsa.gateway
  return {
    serviceAccounts: {
      gateway: { name: serviceAccount, annotations: { [ROLE_ANNOTATION]: roleArn(ctx, roleName) } },
    },
    redis: redisValues(config),
    gateway: {
      ...scale(config),
      resources: config.gateway.resources,
      config: { proxy_config: proxyConfig(config, target.region) },
      extraEnv: proxyEnvironment(config, target.region),
      topologySpreadConstraints: SPREAD,
      metricsServer: { enabled: true },
      serviceMonitor: { enabled: false },
    },
    ...(config.database.kind === 'none' ? {} : { migrationJob: { extraEnv: migrationEnvironment(config) } }),
  }
}

/** `replicaCount` has no effect beside an autoscaler, and a budget would keep a lone pod from ever being moved. */
function scale({ gateway: { replicas, autoscaling } }: Config) {
  if (autoscaling.kind === 'none')
    return { replicaCount: replicas, hpa: { enabled: false }, pdb: { enabled: replicas > 1 } }
  const { minReplicas, maxReplicas, targetPercent } = autoscaling
  return {
    hpa: {
      enabled: true,
      minReplicas,
      maxReplicas,
      targetCPUUtilizationPercentage: targetPercent,
      // A proxy keeps the memory that it once took: it would never scale down by it.
      targetMemoryUtilizationPercentage: null,
    },
    pdb: { enabled: minReplicas > 1 },
  }
}

/** One zone more or less, and not two pods on a node where another is free; neither keeps a pod from starting. */
const SPREAD = ['topology.kubernetes.io/zone', 'kubernetes.io/hostname'].map((topologyKey) => ({
  maxSkew: 1,
  topologyKey,
  whenUnsatisfiable: 'ScheduleAnyway',
  labelSelector: { matchLabels: { 'app.kubernetes.io/name': 'litellm', 'app.kubernetes.io/component': 'proxy' } },
}))
