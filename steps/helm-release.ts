import type { Config } from '../src/config/schema.ts'
import type { Observation } from '../src/engine/step.ts'
import { StepError } from '../src/errors.ts'
import type { LlmgwStep, ReleaseRecord, ReleaseSpec, Services, StepContext } from '../src/ports/index.ts'
import { orBackOut } from './helm-release/back-out.ts'
import {
  chartLabel,
  lateSpec,
  type PodShape,
  type ReleaseDefinition,
  releaseSpec,
  releaseTarget,
  watchedRefs,
} from './helm-release/definition.ts'
import { watchingHooks } from './helm-release/hooks.ts'
import { type Comparison, judge } from './helm-release/judge.ts'
import { notingReady } from './helm-release/noting-ready.ts'
import { removeRelease } from './helm-release/remove.ts'
import { durationMs } from './names.ts'

/** A step whose release can be asked for before it is there. */
export interface ReleaseStep<Out = unknown> extends LlmgwStep<Out> {
  /** Name of the release, and the key of its chart in the lock file. */
  readonly release: { readonly name: string; readonly chart: string }
  spec(ctx: Services): Promise<ReleaseSpec>
  /** Name and namespace of the release. */
  place(config: Config): { readonly name: string; readonly namespace: string }
  /** What its pods ask for with these values. */
  pods(values: ReleaseSpec['values']): readonly PodShape[]
}

/** Whether a step keeps a Helm release. */
export const isReleaseStep = (step: LlmgwStep<unknown>): step is ReleaseStep => 'spec' in step && 'pods' in step

/** A step that keeps one Helm release as wanted: base values from a file, computed values, health of its workloads. */
export function helmRelease<Out>(definition: ReleaseDefinition<Out>): ReleaseStep<Out> {
  const { id, title, component, needs, off, release, namespace } = definition
  const find = (ctx: StepContext) => ctx.helm.find(release.name, namespace(ctx.config), ctx.signal)
  return {
    id,
    title,
    component,
    needs,
    ...(off && { off: ({ config }) => off(config) }),
    release,
    spec: (ctx) => releaseSpec(ctx, definition),
    place: (config) => ({ name: release.name, namespace: namespace(config) }),
    pods: definition.pods,
    check: (ctx) => observe(ctx, definition),
    owns: async ({ config }) => [releaseTarget({ name: release.name, namespace: namespace(config) })],

    async apply(ctx) {
      const spec = await lateSpec(ctx, definition)
      const { report, options } = ctx
      await orBackOut(ctx, spec, () =>
        watchingHooks(ctx, spec, (signal) => ctx.helm.upgrade(spec, { signal, report, adopt: options.adopt })),
      )
    },

    async ready(ctx) {
      const record = await find(ctx)
      if (record === undefined) throw goneAgain(ctx, definition)
      const timeoutMs = durationMs(ctx.config.timeouts.step)
      const wait = async () => {
        await ctx.readiness.wait(watchedRefs(record), { timeoutMs, signal: ctx.signal, report: ctx.report })
        await definition.usable?.(ctx)
      }
      await orBackOut(ctx, record, () => notingReady(ctx, record, wait))
      return definition.out(ctx)
    },

    async view(ctx) {
      const record = await find(ctx)
      return record === undefined ? `${releaseTarget(target(ctx, definition))}: not there` : await describe(ctx, record)
    },

    destroy: (ctx) => removeRelease(ctx, release.name, namespace(ctx.config)),
  }
}

function target<Out>(ctx: StepContext, { release, namespace }: ReleaseDefinition<Out>) {
  return { name: release.name, namespace: namespace(ctx.config) }
}

async function observe<Out>(ctx: StepContext, definition: ReleaseDefinition<Out>): Promise<Observation<Out>> {
  const spec = await releaseSpec(ctx, definition)
  await definition.refuse?.(ctx, spec.values)
  const [record, inputs] = await Promise.all([
    ctx.helm.find(spec.name, spec.namespace, ctx.signal),
    ctx.helm.inputs(spec, ctx.signal),
  ])
  if (record === undefined || record.status === 'uninstalled') {
    return {
      state: 'missing',
      changes: [
        {
          action: 'create',
          target: releaseTarget(spec),
          detail: noted(definition, ctx, chartLabel(inputs.chart)),
          inputs: inputs.digest,
        },
      ],
    }
  }
  const judged = await judge(ctx, { record, ...(await wanted(ctx, definition, { spec, inputs })) })
  if (judged.state === 'current') return { state: 'current', out: definition.out(ctx) }
  return judged
}

function noted<Out>({ note }: ReleaseDefinition<Out>, { config }: StepContext, detail: string): string {
  const told = note?.(config)
  return told === undefined ? detail : `${detail}, ${told}`
}

/** Values that come late make another release, and another digest. */
async function wanted<Out>(
  ctx: StepContext,
  definition: ReleaseDefinition<Out>,
  early: Pick<Comparison, 'spec' | 'inputs'>,
): Promise<Pick<Comparison, 'spec' | 'inputs'>> {
  if (definition.late === undefined) return early
  const spec = await lateSpec(ctx, definition)
  return { spec, inputs: await ctx.helm.inputs(spec, ctx.signal) }
}

async function describe(ctx: StepContext, record: ReleaseRecord): Promise<string> {
  const health = await ctx.readiness.look(watchedRefs(record), ctx.signal)
  const lines = health.map((one) => {
    const { kind, name } = one.ref
    const why =
      one.health === 'progressing' ? `: ${one.waitingFor}` : one.health === 'failed' ? `: ${one.cause.message}` : ''
    return `${kind} ${name}: ${one.health}${why}`
  })
  const { revision, status, updatedAt, chart, deployment } = record
  const head = `${releaseTarget(record)}: ${status}, revision ${revision}, ${chartLabel(chart)}, ${updatedAt}, owner ${deployment ?? 'nobody'}`
  return [head, ...lines].join('\n')
}

function goneAgain<Out>(ctx: StepContext, definition: ReleaseDefinition<Out>): StepError {
  return new StepError('ReleaseMissing', `${releaseTarget(target(ctx, definition))} is gone again`, {
    hint: 'somebody else removes it: look at its history, then run again',
  })
}
