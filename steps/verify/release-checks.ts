import type { ComponentName, Config } from '../../src/config/schema.ts'
import { endpointsOf, isReady, slicesOf } from '../../src/ports/endpoints.ts'
import type { KubeObject, ObjectRef, ReleaseRecord } from '../../src/ports/index.ts'
import { chartLabel, watchedRefs } from '../helm-release/definition.ts'
import { type Check, type CheckContext, verdict } from './check.ts'
import { readinessWords } from './health.ts'

/** A Helm release that checks are about. */
export interface Subject {
  readonly component: ComponentName
  readonly name: string
  readonly namespace: (config: Config) => string
  readonly off?: (config: Config) => boolean
}

/** The release is deployed and ours. */
export function releaseDeployed(subject: Subject): Check {
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
export function objectsReady(
  subject: Subject,
  what: Pick<Check, 'id' | 'title'>,
  select: (ref: ObjectRef) => boolean,
): Check {
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

/** A check of a release that is there; skipped where the configuration has none. */
export function releaseCheck(
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

/** A Service that others rely on has these ports by name, and endpoints that are ready. */
export function serviceReady(
  subject: Subject,
  what: Pick<Check, 'id' | 'title'> & {
    readonly service: (config: Config) => string
    readonly ports?: Readonly<Record<string, number>>
  },
): Check {
  return releaseCheck(subject, {
    ...what,
    judge: async (ctx, { namespace }) => {
      const name = what.service(ctx.config)
      const service = await ctx.kube.find({ apiVersion: 'v1', kind: 'Service', name, namespace }, ctx.signal)
      const lookedAt = `Service ${namespace}/${name} and its EndpointSlices`
      const hint = `llmgw status ${subject.component}`
      if (service === undefined) return verdict(lookedAt, ['the Service is not there'], { good: '', hint })
      const endpoints = endpointsOf(name, await ctx.kube.list(slicesOf(namespace, name), ctx.signal))
      const ready = endpoints.filter(isReady).length
      const wrong = [
        ...portFaults(service, what.ports ?? {}),
        ...(ready > 0 ? [] : [`none of ${endpoints.length} endpoints is ready`]),
      ]
      return verdict(lookedAt, wrong, { good: `${ready} of ${endpoints.length} endpoints ready`, hint })
    },
  })
}

function portFaults(service: KubeObject, wanted: Readonly<Record<string, number>>): readonly string[] {
  const { ports = [] } = (service.spec ?? {}) as { ports?: readonly { name?: string; port: number }[] }
  return Object.entries(wanted).flatMap(([name, port]) => {
    const found = ports.find((one) => one.name === name)?.port
    return found === port ? [] : [`port ${name} is ${found ?? 'absent'}, expected ${port}`]
  })
}
