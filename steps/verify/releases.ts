import type { ComponentName, Config } from '../../src/config/schema.ts'
import type { ObjectRef, ReleaseRecord } from '../../src/ports/index.ts'
import { chartLabel, watchedRefs } from '../helm-release/definition.ts'
import { RELEASES } from '../names.ts'
import { redisService } from '../redis.ts'
import { type Check, type CheckContext, verdict } from './check.ts'
import { readinessWords } from './health.ts'

interface Subject {
  readonly component: ComponentName
  readonly name: string
  readonly namespace: (config: Config) => string
  readonly off?: (config: Config) => boolean
}

const OPERATOR: Subject = {
  component: 'external-secrets',
  name: RELEASES.externalSecrets.name,
  namespace: ({ namespaces }) => namespaces.secrets,
}
const REDIS: Subject = {
  component: 'redis',
  name: RELEASES.redis.name,
  namespace: ({ namespaces }) => namespaces.gateway,
  off: ({ cache }) => cache.kind !== 'redis-ha',
}

const CLAIM = 'PersistentVolumeClaim'

/** The release is deployed and ours. */
function releaseDeployed(subject: Subject): Check {
  const { name, component } = subject
  return releaseCheck(subject, {
    id: `release-${name}`,
    title: `Helm release ${name} is deployed`,
    judge: async ({ config }, record) => {
      const wrong = [
        ...(record.status === 'deployed' ? [] : [`${record.status}: ${record.description}`]),
        ...(record.deployment === config.deployment ? [] : [`its owner is ${record.deployment ?? 'nobody'}`]),
      ]
      const good = `revision ${record.revision}, ${chartLabel(record.chart)}`
      return verdict(`helm release ${record.namespace}/${name}`, wrong, { good, hint: `llmgw deploy ${component}` })
    },
  })
}

/** The objects of a release that `select` picks are ready. */
function objectsReady(subject: Subject, what: Pick<Check, 'id' | 'title'>, select: (ref: ObjectRef) => boolean): Check {
  return releaseCheck(subject, {
    ...what,
    judge: async (ctx, record) => {
      const refs = watchedRefs(record).filter(select)
      const lookedAt = refs.map(({ kind, name }) => `${kind} ${name}`).join(', ')
      // A release without such objects would pass without anybody having looked.
      if (refs.length === 0)
        return { result: 'skip', lookedAt: `helm release ${record.name}`, found: 'has no such objects' }
      const wrong = readinessWords(await ctx.readiness.look(refs, ctx.signal))
      return verdict(lookedAt, wrong, { good: `${refs.length} ready`, hint: `llmgw status ${subject.component}` })
    },
  })
}

function releaseCheck(
  subject: Subject,
  check: Pick<Check, 'id' | 'title'> & {
    readonly judge: (ctx: CheckContext, record: ReleaseRecord) => ReturnType<Check['run']>
  },
): Check {
  return {
    id: check.id,
    title: check.title,
    component: subject.component,
    async run(ctx) {
      const namespace = subject.namespace(ctx.config)
      const lookedAt = `helm release ${namespace}/${subject.name}`
      if (subject.off?.(ctx.config)) return { result: 'skip', lookedAt: 'the configuration', found: 'not configured' }
      const record = await ctx.helm.find(subject.name, namespace, ctx.signal)
      if (record) return await check.judge(ctx, record)
      return verdict(lookedAt, ['it is not there'], { good: '', hint: `llmgw deploy ${subject.component}` })
    },
  }
}

/** The Service that clients use has endpoints that are ready. */
const redisEndpoints: Check = releaseCheck(REDIS, {
  id: 'redis-endpoints',
  title: 'Redis Service leads to ready endpoints',
  judge: async (ctx, { namespace }) => {
    const name = redisService(ctx.config)
    const service = await ctx.kube.find({ apiVersion: 'v1', kind: 'Service', name, namespace }, ctx.signal)
    const lookedAt = `Service ${namespace}/${name} and its EndpointSlices`
    const hint = 'llmgw status redis'
    if (service === undefined) return verdict(lookedAt, ['the Service is not there'], { good: '', hint })
    const slices = await ctx.kube.list(
      {
        apiVersion: 'discovery.k8s.io/v1',
        kind: 'EndpointSlice',
        namespace,
        labelSelector: `kubernetes.io/service-name=${name}`,
      },
      ctx.signal,
    )
    const endpoints = slices.flatMap(
      (slice) => (slice.endpoints ?? []) as readonly { conditions?: { ready?: boolean } }[],
    )
    const ready = endpoints.filter(({ conditions }) => conditions?.ready !== false).length
    const wrong = ready > 0 ? [] : [`none of ${endpoints.length} endpoints is ready`]
    return verdict(lookedAt, wrong, { good: `${ready} of ${endpoints.length} endpoints ready`, hint })
  },
})

export const operatorChecks: readonly Check[] = [
  releaseDeployed(OPERATOR),
  objectsReady(
    OPERATOR,
    { id: 'rollout-external-secrets', title: 'Operator, CRDs and webhooks are ready' },
    () => true,
  ),
]

export const redisChecks: readonly Check[] = [
  releaseDeployed(REDIS),
  objectsReady(REDIS, { id: 'rollout-redis', title: 'Redis has rolled out' }, ({ kind }) => kind !== CLAIM),
  objectsReady(REDIS, { id: 'volumes-redis', title: 'Redis volumes are bound' }, ({ kind }) => kind === CLAIM),
  redisEndpoints,
]
