import type { Cause } from '../../src/engine/step.ts'
import { applied, ready } from '../../src/engine/step.ts'
import type { KubeObject, LlmgwStep, StepContext } from '../../src/ports/index.ts'
import { refOf, targetOf } from '../desired.ts'
import { durationMs } from '../names.ts'
import { namespaces } from '../namespaces.ts'
import { compare, firstCause } from '../owned-object.ts'
import { layoutCause, refusal } from '../secrets/other-layout.ts'
import { secrets } from '../secrets.ts'
import { askedElsewhere, asksElsewhere } from './asked-elsewhere.ts'
import { IAM_GRACE_MS, resync, submit } from './operator-object.ts'
import { removeSynced } from './remove-synced.ts'
import { secretStore } from './secret-store.ts'
import { keysOf, syncedObjects, targetSecret } from './synced-objects.ts'

/** A Secret that lacks a key although its ExternalSecret says that it is synced. */
async function keysLacking(ctx: StepContext, object: KubeObject): Promise<Cause | undefined> {
  const { name, namespace } = object.metadata
  const found = await ctx.kube.find(targetSecret(object), ctx.signal)
  const held = Object.keys((found?.data ?? {}) as object)
  const lacking = keysOf(object).filter((key) => !held.includes(key))
  if (lacking.length === 0) return undefined
  return {
    code: 'SyncedKeysMissing',
    message: `Kubernetes Secret ${namespace}/${name} ${found ? `lacks ${lacking.join(', ')}` : 'is not there'}, though its ExternalSecret says it is synced`,
    hint: 'let it be synced again: llmgw deploy external-secrets',
  }
}

/** The Kubernetes Secrets of the platform, filled by External Secrets. */
export const secretSync: LlmgwStep = {
  id: 'secret-sync',
  title: 'Sync secrets into the cluster',
  component: 'external-secrets',
  needs: [applied(namespaces), ready(secretStore), ready(secrets)],
  off: ({ config }) => (config.secrets.synced.length === 0 ? 'secrets.synced is empty' : undefined),

  async check(ctx) {
    const compared = await Promise.all((await syncedObjects(ctx)).map((object) => compare(ctx, object)))
    const elsewhere = [...new Set(compared.flatMap(({ live }) => asksElsewhere(ctx, live)))]
    if (elsewhere.length > 0) return { state: 'broken', cause: layoutCause(ctx, elsewhere), changes: [] }
    const changes = compared.flatMap(({ change }) => change ?? [])
    if (compared.some(({ live }) => live === undefined)) return { state: 'missing', changes }
    const objects = compared.map(({ object }) => object)
    const health = await ctx.readiness.look(objects.map(refOf), ctx.signal)
    const synced = objects.filter((_, index) => health[index]?.health === 'ready')
    const lacking = await Promise.all(synced.map((object) => keysLacking(ctx, object)))
    const cause = firstCause(health) ?? lacking.find((one) => one !== undefined)
    const sick = new Set([
      ...objects.filter((_, index) => health[index]?.health === 'failed'),
      ...synced.filter((_, index) => lacking[index] !== undefined),
    ])
    const repairs = compared.flatMap(({ object, change }) => change ?? (sick.has(object) ? resync(object) : []))
    if (cause) return { state: 'broken', cause, changes: repairs }
    if (changes.length > 0) return { state: 'drifted', changes }
    return synced.length === objects.length ? { state: 'current', out: undefined } : { state: 'settling' }
  },

  async apply(ctx, seen) {
    // Values of one layout are compared with those of the other before anything reads them from there.
    const elsewhere = await askedElsewhere(ctx)
    if (elsewhere.length > 0) throw refusal(layoutCause(ctx, elsewhere))
    const named = new Set('changes' in seen ? seen.changes.map(({ target }) => target) : [])
    const objects = (await syncedObjects(ctx)).filter((object) => named.has(targetOf(refOf(object))))
    for (const object of objects) await submit(ctx, object, seen.state)
  },

  async ready(ctx) {
    const objects = await syncedObjects(ctx)
    const timeoutMs = durationMs(ctx.config.timeouts.step)
    const { signal, report } = ctx
    await ctx.readiness.wait(objects.map(refOf), { timeoutMs, graceMs: IAM_GRACE_MS, signal, report })
  },

  owns: async (ctx) => (await syncedObjects(ctx)).map((object) => targetOf(refOf(object))),

  async view(ctx) {
    const objects = await syncedObjects(ctx)
    const health = await ctx.readiness.look(objects.map(refOf), ctx.signal)
    const lines = objects.map((object, index) => {
      const { name, namespace } = object.metadata
      return `ExternalSecret ${namespace}/${name}: ${health[index]?.health ?? 'unknown'}, keys ${keysOf(object).join(', ')}`
    })
    return lines.join('\n')
  },

  async destroy(ctx) {
    for (const object of await syncedObjects(ctx)) await removeSynced(ctx, refOf(object), 'Background')
  },
}
