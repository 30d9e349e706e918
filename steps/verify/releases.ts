import { RELEASES } from '../names.ts'
import { redisService } from '../redis.ts'
import type { Check } from './check.ts'
import { objectsReady, releaseDeployed, type Subject, serviceReady } from './release-checks.ts'

const OPERATOR: Subject = {
  component: 'external-secrets',
  name: RELEASES.externalSecrets.name,
  namespace: ({ namespaces }) => namespaces.secrets,
}
const GATEKEEPER: Subject = {
  component: 'gatekeeper',
  name: RELEASES.gatekeeper.name,
  namespace: ({ namespaces }) => namespaces.policy,
  off: ({ policies }) => policies.kind !== 'gatekeeper',
}
const REDIS: Subject = {
  component: 'redis',
  name: RELEASES.redis.name,
  namespace: ({ namespaces }) => namespaces.gateway,
  off: ({ cache }) => cache.kind !== 'redis-ha',
}

const CLAIM = 'PersistentVolumeClaim'

export const operatorChecks: readonly Check[] = [
  releaseDeployed(OPERATOR),
  objectsReady(
    OPERATOR,
    { id: 'rollout-external-secrets', title: 'Operator, CRDs and webhooks are ready' },
    () => true,
  ),
]

export const gatekeeperChecks: readonly Check[] = [
  releaseDeployed(GATEKEEPER),
  objectsReady(
    GATEKEEPER,
    { id: 'rollout-gatekeeper', title: 'Gatekeeper, its audit and its webhook are ready' },
    () => true,
  ),
]

export const redisChecks: readonly Check[] = [
  releaseDeployed(REDIS),
  objectsReady(REDIS, { id: 'rollout-redis', title: 'Redis has rolled out' }, ({ kind }) => kind !== CLAIM),
  objectsReady(REDIS, { id: 'volumes-redis', title: 'Redis volumes are bound' }, ({ kind }) => kind === CLAIM),
  serviceReady(REDIS, {
    id: 'redis-endpoints',
    title: 'Redis Service leads to ready endpoints',
    service: redisService,
  }),
]
