import { eventsIn, newestFirst, type Said, sentence } from '../src/ports/events.ts'
import type { LlmgwStep, ObjectRef, ReleaseRecord, StepContext } from '../src/ports/index.ts'
import { targetOf } from './desired.ts'
import { watchedRefs } from './helm-release/definition.ts'
import { isReleaseStep, type ReleaseStep } from './helm-release.ts'

/** What is known of a component beyond the state of its steps. */
export interface Facts {
  /** Versions of its chart; `running` is absent while there is no release. */
  readonly version?: { readonly wanted: string; readonly running?: string }
  /** When its release was last changed, RFC 3339. */
  readonly changedAt?: string
  /** Its workloads, and how many of them are ready. */
  readonly workloads?: { readonly ready: number; readonly total: number }
  /** The newest warning that was said about one of its objects, as an event tells it; `at` is ISO 8601. */
  readonly warning?: { readonly at: string; readonly text: string }
}

type FactsContext = Omit<StepContext, 'output' | 'report' | 'look'>

/** Facts of each component of these steps; reads only. */
export async function componentFacts(
  steps: readonly LlmgwStep<unknown>[],
  ctx: FactsContext,
): Promise<ReadonlyMap<string, Facts>> {
  const releases = await Promise.all(steps.filter(isReleaseStep).map((step) => releaseFacts(step, ctx)))
  const owned = await Promise.all(steps.map(async (step) => ({ step, targets: (await step.owns?.(ctx)) ?? [] })))
  const warnings = await warningsOf(ctx, [
    ...owned.flatMap(({ step, targets }) => targets.map((target) => ({ component: step.component, target }))),
    ...releases.flatMap(({ component, objects }) => objects.map((target) => ({ component, target }))),
  ])
  const components = [...new Set(steps.map(({ component }) => component))]
  return new Map(
    components.map((component) => {
      const { facts } = releases.find((release) => release.component === component) ?? { facts: {} }
      const warning = warnings.get(component)
      return [component, warning === undefined ? facts : { ...facts, warning: warningOf(warning) }]
    }),
  )
}

const warningOf = (said: Said) => ({ at: said.at, text: sentence(said) })

interface ReleaseFacts {
  readonly component: string
  readonly facts: Omit<Facts, 'warning'>
  /** Targets of its objects. */
  readonly objects: readonly string[]
}

async function releaseFacts(step: ReleaseStep, ctx: FactsContext): Promise<ReleaseFacts> {
  const { component } = step
  const spec = await step.spec(ctx)
  const [record, { chart }] = await Promise.all([
    ctx.helm.find(spec.name, spec.namespace, ctx.signal),
    ctx.helm.inputs(spec, ctx.signal),
  ])
  if (record === undefined) return { component, facts: { version: { wanted: chart.version } }, objects: [] }
  const health = await ctx.readiness.look(watchedRefs(record).filter(isWorkload), ctx.signal)
  return {
    component,
    facts: {
      version: { wanted: chart.version, running: record.chart.version },
      changedAt: record.updatedAt,
      workloads: { ready: health.filter((one) => one.health === 'ready').length, total: health.length },
    },
    objects: objectsOf(record),
  }
}

const WORKLOADS = new Set(['Deployment', 'StatefulSet', 'DaemonSet', 'Job'])
const isWorkload = ({ kind }: ObjectRef): boolean => WORKLOADS.has(kind)

function objectsOf({ manifest, namespace }: ReleaseRecord): readonly string[] {
  return manifest.map(({ apiVersion, kind, metadata }) =>
    targetOf({ apiVersion, kind, name: metadata.name, namespace: metadata.namespace ?? namespace }),
  )
}

interface Owned {
  readonly component: string
  /** As changes name it. */
  readonly target: string
}

/** The newest warning about an object of each component, or about what such an object has made. */
async function warningsOf(ctx: FactsContext, owned: readonly Owned[]): Promise<ReadonlyMap<string, Said>> {
  const namespaces = [...new Set([...Object.values(ctx.config.namespaces), 'default'])]
  const lists = await Promise.all(
    namespaces.map(async (namespace) => ({
      namespace,
      events: await ctx.kube.list({ ...eventsIn(namespace), fieldSelector: 'type=Warning' }, ctx.signal),
    })),
  )
  const warnings = lists.flatMap(({ namespace, events }) =>
    newestFirst(events).flatMap((said) => {
      const component = said.warning ? ownerOf(said, namespace, owned) : undefined
      return component === undefined ? [] : [{ component, said }]
    }),
  )
  const oldestFirst = warnings.sort((one, other) => one.said.at.localeCompare(other.said.at))
  // The newest one of a component is set last.
  return new Map(oldestFirst.map(({ component, said }) => [component, said]))
}

/** By its name: what a workload makes carries the workload's name in front, and the longest name fits best. */
function ownerOf({ about }: Said, namespace: string, owned: readonly Owned[]): string | undefined {
  const exact = new Set([
    `${about.kind.toLowerCase()} ${namespace}/${about.name}`,
    `${about.kind.toLowerCase()} ${about.name}`,
  ])
  const found = owned.find(({ target }) => exact.has(target))
  if (found) return found.component
  const makers = owned.filter(({ target }) => {
    const [, place, name] = /^(?:deployment|statefulset|daemonset|job) ([^/]+)\/(.+)$/.exec(target) ?? []
    return place === namespace && name !== undefined && isMadeBy(about.name, name)
  })
  return makers.sort((one, other) => other.target.length - one.target.length)[0]?.component
}

/** Pods and ReplicaSets start with the name; volume claims of a StatefulSet carry it in the middle. */
const isMadeBy = (name: string, maker: string): boolean => name.startsWith(`${maker}-`) || name.includes(`-${maker}-`)
