import type { Change, Observation } from '../../src/engine/step.ts'
import { StepError } from '../../src/errors.ts'
import type { ChartCrds, KubeObject, LlmgwStep, ObjectRef, StepContext } from '../../src/ports/index.ts'
import { refOf, targetOf } from '../desired.ts'
import { refuseForeignResources } from '../helm-release/foreign-resources.ts'
import { durationMs, RELEASES } from '../names.ts'
import { claim, ownerOf, ownLabels } from '../ownership.ts'
import { removeAndWait } from '../remove-and-wait.ts'
import { isUpToDate, operatorVersion } from './crd-age.ts'
import { monitoringOff } from './off.ts'

const KIND = { apiVersion: 'apiextensions.k8s.io/v1', kind: 'CustomResourceDefinition' } as const
const GROUP = '.monitoring.coreos.com'
/** Names the chart whose CRDs were applied, and how many these are: a look need not read megabytes. */
const SOURCE = 'llmgw.dev/chart'

const isOfGroup = ({ metadata }: KubeObject) => metadata.name.endsWith(GROUP)
const crdsOf = (ctx: StepContext): Promise<ChartCrds> => ctx.helm.crds(RELEASES.monitoring.chart, ctx.signal)

/** The CRDs in the cluster, without what they define. */
async function liveCrds(ctx: StepContext): Promise<ReadonlyMap<string, KubeObject>> {
  const all = await ctx.kube.list({ ...KIND, metadataOnly: true }, ctx.signal)
  return new Map(all.filter(isOfGroup).map((crd) => [crd.metadata.name, crd]))
}

const sourceMark = ({ chart }: ChartCrds, count: number): string => `${chart.digest} ${count}`

/** Every CRD carries the mark of this chart, and none is missing. */
function isMarked(crds: ChartCrds, live: ReadonlyMap<string, KubeObject>): boolean {
  const marks = [...live.values()].map(({ metadata }) => metadata.annotations?.[SOURCE])
  return marks.length > 0 && marks.filter((mark) => mark === sourceMark(crds, marks.length)).length === marks.length
}

/** What differs; a CRD that is newer than ours stays, whoever owns it: objects may use what only it has. */
function changeOf(ctx: StepContext, wanted: KubeObject, live: KubeObject | undefined): Change | undefined {
  const target = targetOf(refOf(wanted))
  const version = operatorVersion(wanted)
  if (live === undefined) return { action: 'create', target, detail: `operator ${version}` }
  const owner = ownerOf(live.metadata.labels)
  const isOurs = owner === ctx.config.deployment
  const isAdopted = owner === undefined && ctx.options.adopt
  if (isUpToDate(live, wanted) && !isAdopted) {
    const isSame = operatorVersion(live) === version
    const isAsMarked = live.metadata.annotations?.[SOURCE] === wanted.metadata.annotations?.[SOURCE]
    if (!isOurs || !isSame || isAsMarked) return undefined
  }
  const action = claim(ctx, target, owner) === 'adopt' ? 'adopt' : 'update'
  return { action, target, detail: `operator ${operatorVersion(live)} -> ${version}` }
}

async function wantedCrds(ctx: StepContext, crds: ChartCrds): Promise<readonly KubeObject[]> {
  const objects = (await crds.objects()).filter(isOfGroup)
  return objects.map((object) => ({
    ...object,
    metadata: {
      ...object.metadata,
      labels: { ...object.metadata.labels, ...ownLabels(ctx) },
      annotations: { ...object.metadata.annotations, [SOURCE]: sourceMark(crds, objects.length) },
    },
  }))
}

async function compare(ctx: StepContext, crds: ChartCrds, live: ReadonlyMap<string, KubeObject>) {
  const wanted = await wantedCrds(ctx, crds)
  return wanted.map((object) => ({ object, change: changeOf(ctx, object, live.get(object.metadata.name)) }))
}

async function observe(ctx: StepContext): Promise<Observation<void>> {
  const [crds, live] = await Promise.all([crdsOf(ctx), liveCrds(ctx)])
  if (!ctx.look.deep && isMarked(crds, live)) return { state: 'current', out: undefined }
  const changes = (await compare(ctx, crds, live)).flatMap(({ change }) => change ?? [])
  if (live.size === 0 && changes.length === 0)
    return { state: 'missing', changes: [{ action: 'create', target: `CRDs of chart ${crds.chart.name}` }] }
  if (changes.some(({ action }) => action === 'create')) return { state: 'missing', changes }
  if (changes.length > 0) return { state: 'drifted', changes, out: undefined }
  return { state: 'current', out: undefined }
}

const refs = (names: Iterable<string>): readonly ObjectRef[] => [...names].map((name) => ({ ...KIND, name }))

/** The CRDs of the Prometheus operator, as new as the chart that is deployed: Helm would install them once and never again. */
export const monitoringCrds: LlmgwStep = {
  id: 'monitoring-crds',
  title: 'Apply the CRDs of the Prometheus operator',
  component: 'monitoring',
  needs: [],
  off: ({ config }) => monitoringOff(config),
  check: observe,

  async apply(ctx) {
    const [crds, live] = await Promise.all([crdsOf(ctx), liveCrds(ctx)])
    const compared = await compare(ctx, crds, live)
    if (compared.length === 0) throw withoutCrds(crds)
    const differing = compared.flatMap(({ object, change }) => (change ? [object] : []))
    for (const object of differing) await ctx.kube.apply(object, { force: true, signal: ctx.signal })
  },

  async ready(ctx) {
    const names = (await (await crdsOf(ctx)).objects()).filter(isOfGroup).map(({ metadata }) => metadata.name)
    const timeoutMs = durationMs(ctx.config.timeouts.step)
    await ctx.readiness.wait(refs(names), { timeoutMs, signal: ctx.signal, report: ctx.report })
  },

  async view(ctx) {
    const live = await liveCrds(ctx)
    const lines = [...live.values()].map(
      (crd) =>
        `${crd.metadata.name}: operator ${operatorVersion(crd)}, owner ${ownerOf(crd.metadata.labels) ?? 'nobody'}`,
    )
    return lines.length === 0 ? 'no CRD of the Prometheus operator' : lines.sort().join('\n')
  },

  async destroy(ctx) {
    const live = await liveCrds(ctx)
    const own = [...live.values()].filter(({ metadata }) => ownerOf(metadata.labels) === ctx.config.deployment)
    if (own.length === 0) return
    if (!ctx.options.destroy.crds) return ctx.report(`${own.length} CRDs of the Prometheus operator are kept`)
    const whole = await Promise.all(own.map((crd) => ctx.kube.find(refOf(crd), ctx.signal)))
    await refuseForeignResources(
      ctx,
      whole.filter((crd) => crd !== undefined),
    )
    await Promise.all(own.map((crd) => removeAndWait(ctx, refOf(crd))))
  },
}

function withoutCrds({ chart }: ChartCrds): StepError {
  return new StepError(
    'ChartWithoutCrds',
    `chart ${chart.name} ${chart.version} has no CRD of the Prometheus operator`,
    {
      hint: 'take the chart as its publisher packed it, with its charts folder: docs/charts.md',
    },
  )
}
