import type { Need } from '../../src/engine/step.ts'
import { StepError } from '../../src/errors.ts'
import type { KubeObject, LlmgwStep, Services, StepContext } from '../../src/ports/index.ts'
import { refOf, targetOf } from '../desired.ts'
import { asksElsewhere } from '../external-secrets/asked-elsewhere.ts'
import { IAM_GRACE_MS } from '../external-secrets/operator-object.ts'
import { syncedObjects } from '../external-secrets/synced-objects.ts'
import { durationMs } from '../names.ts'
import { compare } from '../owned-object.ts'
import { lookAtCopies, placeName, placesOf } from '../rotation/places.ts'

/** ExternalSecrets of ours that are there: as wanted, and what they ask of the layout before. */
async function look(ctx: StepContext) {
  const compared = await Promise.all((await syncedObjects(ctx)).map((object) => compare(ctx, object)))
  return compared
    .filter(({ live }) => live !== undefined)
    .map(({ object, live }) => ({ object, behind: asksElsewhere(ctx, live).length > 0 }))
}

/**
 * A step that has the ExternalSecrets ask for the values in the new layout. They change in place: the operator goes on
 * filling the same Secrets, with the same values, and proof is that they hold what the new layout has.
 */
export function switchSyncs(needs: readonly Need<Services>[]): LlmgwStep {
  return {
    id: 'switch-syncs',
    title: 'Sync from the new layout',
    component: 'external-secrets',
    needs,

    async check(ctx) {
      const found = await look(ctx)
      const behind = found.filter((one) => one.behind).map(({ object }) => object)
      if (behind.length > 0) {
        const detail = `values from layout ${ctx.config.secrets.layout}`
        return {
          state: 'drifted',
          changes: behind.map((object) => ({ action: 'update', target: targetOf(refOf(object)), detail })),
        }
      }
      const refs = found.map(({ object }) => refOf(object))
      const health = await ctx.readiness.look(refs, ctx.signal)
      return health.every((one) => one.health === 'ready')
        ? { state: 'current', out: undefined }
        : { state: 'settling' }
    },

    async apply(ctx) {
      for (const { object, behind } of await look(ctx))
        if (behind) await ctx.kube.apply(object, { force: true, signal: ctx.signal })
    },

    async ready(ctx) {
      const objects = (await look(ctx)).map(({ object }) => object)
      const timeoutMs = durationMs(ctx.config.timeouts.step)
      const { signal, report } = ctx
      await ctx.readiness.wait(objects.map(refOf), { timeoutMs, graceMs: IAM_GRACE_MS, signal, report })
      await prove(ctx, objects)
    },
  }
}

/** @throws StepError CopiesDiffer, which names keys and no value */
async function prove(ctx: StepContext, objects: readonly KubeObject[]): Promise<void> {
  const synced = new Set(objects.map(({ metadata }) => `${metadata.namespace}/${metadata.name}`))
  const places = placesOf(ctx.config).filter((place) => synced.has(placeName(place)))
  const wrong = (await lookAtCopies(ctx, places)).filter(({ state }) => state !== 'current')
  if (wrong.length === 0) return
  const keys = wrong.map((copy) => `${placeName(copy)} (${copy.key}) is ${copy.state}`)
  throw new StepError('CopiesDiffer', `not what the new layout holds: ${keys.join(', ')}`, {
    hint: 'llmgw secrets sync, then run the same command again',
  })
}
