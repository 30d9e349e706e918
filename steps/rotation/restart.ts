import { applied, ready } from '../../src/engine/step.ts'
import type { LlmgwStep, StepContext } from '../../src/ports/index.ts'
import { durationMs } from '../names.ts'
import { versionAnnotation } from '../secret-versions.ts'
import { type Consumer, consumerName, templateOf } from './consumers.ts'
import type { VersionOut } from './new-version.ts'
import { placesOf } from './places.ts'
import { belongsTo, podUses } from './pod-uses.ts'

/** Makes a template differ although its version is the same. */
const RESTARTED = 'llmgw.dev/restarted-at'

export interface RestartOptions {
  readonly consumer: Consumer
  /** The steps that tell the versions, by logical name. */
  readonly versions: ReadonlyMap<string, LlmgwStep<VersionOut>>
  /** What must be usable before. */
  readonly after: readonly LlmgwStep<unknown>[]
}

/** A step that replaces the pods of one workload, one after the other, so that they start with the new versions. */
export function restart({ consumer, versions, after }: RestartOptions): LlmgwStep {
  const { ref, secrets } = consumer
  const name = consumerName(consumer)
  const own = secrets.flatMap((secret) => {
    const step = versions.get(secret)
    return step === undefined ? [] : [{ secret, step }]
  })
  const wanted = async (ctx: StepContext): Promise<Readonly<Record<string, string>>> => {
    const told = own.map(async ({ secret, step }) => [versionAnnotation(secret), (await ctx.output(step)).versionId])
    return Object.fromEntries(await Promise.all(told))
  }
  /** Somebody else may have marked pods with a version, e.g. a deploy, before the cluster had its value. */
  const startedBefore = async (ctx: StepContext): Promise<boolean> => {
    const places = placesOf(ctx.config, secrets).filter(({ namespace }) => namespace === ref.namespace)
    const uses = await podUses(ctx, places, new Map())
    return uses.some((use) => use.started === 'old' && belongsTo(use, ref))
  }
  return {
    id: `restart-${name.replaceAll(/[ /]/g, '-')}`,
    title: `Restart ${name}`,
    component: 'secrets',
    needs: [...own.map(({ step }) => applied(step)), ...after.map((step) => ready(step))],

    async check(ctx) {
      const annotations = await wanted(ctx)
      const live = await ctx.kube.find(ref, ctx.signal)
      if (live === undefined) return { state: 'current', out: undefined }
      const has = templateOf(live).metadata?.annotations ?? {}
      if (Object.entries(annotations).some(([key, version]) => has[key] !== version)) {
        const detail = `rolling restart for ${own.map(({ secret }) => secret).join(', ')}`
        return { state: 'drifted', changes: [{ action: 'update', target: name, detail }] }
      }
      const [health] = await ctx.readiness.look([ref], ctx.signal)
      if (health?.health === 'failed') return { state: 'broken', cause: health.cause, changes: [] }
      if (health?.health !== 'ready') return { state: 'settling' }
      if (!(await startedBefore(ctx))) return { state: 'current', out: undefined }
      const detail = 'rolling restart: pods are marked with the version, but started before it was synced'
      return { state: 'drifted', changes: [{ action: 'update', target: name, detail }] }
    },

    async apply(ctx, seen) {
      // What is broken got its new template already: only its own cause can mend it.
      if (seen.state === 'broken') return
      const annotations = { ...(await wanted(ctx)), [RESTARTED]: new Date(ctx.clock.now()).toISOString() }
      await ctx.kube.patch(ref, { spec: { template: { metadata: { annotations } } } }, ctx.signal)
    },

    async ready(ctx) {
      const { signal, report } = ctx
      await ctx.readiness.wait([ref], { timeoutMs: durationMs(ctx.config.timeouts.step), signal, report })
    },
  }
}
