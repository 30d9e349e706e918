import type { Cause, Change, FieldChange, Observation } from '../../src/engine/step.ts'
import type { ChartInfo, Health, ObjectRef, ReleaseRecord, ReleaseSpec, StepContext } from '../../src/ports/index.ts'
import { attributed, refOf, targetOf } from '../desired.ts'
import { claim } from '../ownership.ts'
import { chartLabel, releaseTarget, watchedRefs } from './definition.ts'

/** A release next to what it has to be. */
export interface Comparison {
  readonly spec: ReleaseSpec
  readonly record: ReleaseRecord
  readonly inputs: { readonly digest: string; readonly chart: ChartInfo }
}

type Judgement =
  | Extract<Observation<never>, { state: 'broken' }>
  | { readonly state: 'drifted'; readonly changes: readonly Change[] }
  | { readonly state: 'settling' }
  | { readonly state: 'current' }

/** State of a release that is there; reads the cluster, starts no helm unless a diff is asked for. */
export async function judge(ctx: StepContext, comparison: Comparison): Promise<Judgement> {
  const { record, inputs } = comparison
  const adopted = claim(ctx, releaseTarget(record), record.deployment) === 'adopt'
  const failure = failureOf(record)
  if (failure) return { state: 'broken', cause: failure, changes: [upgradeOf(comparison, adopted, 'repair')] }
  const differs = adopted || record.inputs !== inputs.digest
  const [drift, health] = await Promise.all([
    ctx.helm.drift(record, { deep: ctx.look.deep || (differs && ctx.look.diff), signal: ctx.signal }),
    ctx.readiness.look(watchedRefs(record).filter(isLight(ctx)), ctx.signal),
  ])
  const own = new Set(record.manifest.map((object) => targetOf(refOf(object))))
  const isGone = ({ health: found, ref }: Health) => found === 'absent' && own.has(targetOf(ref))
  const gone = health.filter(isGone).map(({ ref }): Change => ({ action: 'create', target: targetOf(ref) }))
  const known = new Set(drift.map(({ target }) => target))
  const drifted = [...drift, ...gone.filter(({ target }) => !known.has(target))]
  const changes = differs || drifted.length > 0 ? await changesOf(ctx, comparison, { adopted, differs, drifted }) : []
  const sick = worst(health)
  if (sick)
    return {
      state: 'broken',
      cause: sick,
      changes: changes.length > 0 ? changes : [upgradeOf(comparison, false, 'apply again')],
    }
  if (changes.length > 0) return { state: 'drifted', changes }
  return { state: health.every((one) => one.health === 'ready') ? 'current' : 'settling' }
}

/** A CRD may be a megabyte, and the operator has two dozens of them. */
const isLight =
  ({ look }: StepContext) =>
  ({ kind }: ObjectRef) =>
    look.deep || kind !== 'CustomResourceDefinition'

/** Helm's own words about a release that did not end well. */
function failureOf({ name, namespace, status, description, revision }: ReleaseRecord): Cause | undefined {
  if (status === 'deployed') return undefined
  return {
    code:
      status === 'uninstalling'
        ? 'ReleaseUninstalling'
        : status.startsWith('pending')
          ? 'ReleasePending'
          : 'ReleaseFailed',
    message: `helm release ${namespace}/${name} is ${status} in revision ${revision}`,
    evidence: [description],
    hint: `see its history: helm history ${name} -n ${namespace}`,
  }
}

function upgradeOf({ spec, record, inputs }: Comparison, adopted: boolean, why: string): Change {
  const [from, to] = [chartLabel(record.chart), chartLabel(inputs.chart)]
  const detail = `${from === to ? to : `${from} -> ${to}`}: ${why}`
  return { action: adopted ? 'adopt' : 'update', target: releaseTarget(spec), detail, inputs: inputs.digest }
}

interface Found {
  readonly adopted: boolean
  readonly differs: boolean
  readonly drifted: readonly Change[]
}

async function changesOf(ctx: StepContext, comparison: Comparison, found: Found): Promise<readonly Change[]> {
  const why = found.differs ? 'chart or values differ' : 'objects were changed by others'
  const objects = ctx.look.diff ? await ctx.helm.diff(comparison.spec, ctx.signal) : found.drifted
  const release = upgradeOf(comparison, found.adopted, why)
  const parts = objects.filter(({ target }) => target !== release.target)
  return [
    { ...release, by: found.differs ? 'configuration' : 'others' },
    ...parts.map((change) => toldApart(change, found)),
  ]
}

/** What differs from the last revision others changed; where chart and values are the same, that is all there is. */
function toldApart(change: Change, { differs, drifted }: Found): Change {
  if (change.action === 'run') return change
  if (!differs) return { ...change, by: 'others' }
  const same = drifted.find(({ target }) => target === change.target)
  if (change.fields === undefined) return { ...change, by: same === undefined ? 'configuration' : 'others' }
  const theirs = new Set(same?.fields?.map(({ path }) => path))
  const by = ({ path }: FieldChange) => (theirs.has(path) ? 'others' : 'configuration')
  return attributed({ ...change, fields: change.fields.map((field) => ({ ...field, by: by(field) })) })
}

function worst(health: readonly Health[]): Cause | undefined {
  const [first] = health.flatMap((one) => (one.health === 'failed' ? [one.cause] : []))
  return first
}
