import { applied } from '../../src/engine/step.ts'
import type { LlmgwStep, StepContext } from '../../src/ports/index.ts'
import { targetOf } from '../desired.ts'
import { IAM_GRACE_MS } from '../external-secrets/operator-object.ts'
import { durationMs } from '../names.ts'
import type { VersionOut } from './new-version.ts'
import { lookAtCopies, type Place, placeName, placesOf, syncsOf } from './places.ts'

/**
 * A step that brings the current values into the cluster now, and waits until they are there. `after`: what must be done
 * before a pod can start with them.
 */
export function syncCopies(
  names: readonly string[],
  versions: readonly LlmgwStep<VersionOut>[],
  after: readonly LlmgwStep<unknown>[] = [],
): LlmgwStep {
  const behind = async (ctx: StepContext): Promise<readonly Place[]> =>
    (await lookAtCopies(ctx, placesOf(ctx.config, names))).filter(({ state }) => state !== 'current')
  return {
    id: 'sync-copies',
    title: 'Sync the Kubernetes Secrets',
    component: 'external-secrets',
    needs: [...versions, ...after].map((step) => applied(step)),

    async check(ctx) {
      for (const step of versions) await ctx.output(step)
      const syncs = await syncsOf(ctx, await behind(ctx))
      if (syncs.length === 0) return { state: 'current', out: undefined }
      const detail = 'sync the current version now'
      return { state: 'drifted', changes: syncs.map((ref) => ({ action: 'update', target: targetOf(ref), detail })) }
    },

    async apply(ctx) {
      const annotations = { 'force-sync': String(ctx.clock.now()) }
      for (const ref of await syncsOf(ctx, await behind(ctx)))
        await ctx.kube.patch(ref, { metadata: { annotations } }, ctx.signal)
    },

    async ready(ctx) {
      const places = placesOf(ctx.config, names)
      const { signal, report } = ctx
      const timeoutMs = durationMs(ctx.config.timeouts.step)
      // First, for the cause of a sync that fails; a refresh within the same second may still be the one before.
      await ctx.readiness.wait(await syncsOf(ctx, places), { timeoutMs, graceMs: IAM_GRACE_MS, signal, report })
      for (const place of places) await untilCurrent(ctx, place)
    },
  }
}

async function untilCurrent(ctx: StepContext, place: Place): Promise<void> {
  const { namespace, name } = place
  const query = { apiVersion: 'v1', kind: 'Secret', namespace, fieldSelector: `metadata.name=${name}` }
  for await (const _found of ctx.kube.watch(query, ctx.signal)) {
    const [copy] = await lookAtCopies(ctx, [place])
    if (copy?.state === 'current') return
    ctx.report(`waiting for the new version in Secret ${placeName(place)}`)
  }
}
