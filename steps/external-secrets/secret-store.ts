import { ready } from '../../src/engine/step.ts'
import type { LlmgwStep } from '../../src/ports/index.ts'
import { targetOf } from '../desired.ts'
import { irsaExternalSecrets } from '../irsa/irsa-external-secrets.ts'
import { durationMs } from '../names.ts'
import { compare, firstCause } from '../owned-object.ts'
import { ownerOf } from '../ownership.ts'
import { externalSecrets } from './external-secrets.ts'
import { IAM_GRACE_MS, resync, submit } from './operator-object.ts'
import { storeObject, storeRef } from './store-object.ts'

/** The store through which the operator reads AWS Secrets Manager with its role. */
export const secretStore: LlmgwStep = {
  id: 'secret-store',
  title: 'Connect External Secrets to AWS',
  component: 'external-secrets',
  needs: [ready(externalSecrets), ready(irsaExternalSecrets)],

  async check(ctx) {
    const { object, live, change } = await compare(ctx, await storeObject(ctx))
    const changes = change ? [change] : []
    if (live === undefined) return { state: 'missing', changes }
    const health = await ctx.readiness.look([storeRef(ctx)], ctx.signal)
    const cause = firstCause(health)
    if (cause) return { state: 'broken', cause, changes: change ? changes : [resync(object)] }
    if (change) return { state: 'drifted', changes }
    return health.every((one) => one.health === 'ready') ? { state: 'current', out: undefined } : { state: 'settling' }
  },

  async apply(ctx, seen) {
    await submit(ctx, await storeObject(ctx), seen.state)
  },

  async ready(ctx) {
    const timeoutMs = durationMs(ctx.config.timeouts.step)
    const { signal, report } = ctx
    await ctx.readiness.wait([storeRef(ctx)], { timeoutMs, graceMs: IAM_GRACE_MS, signal, report })
  },

  owns: async (ctx) => [targetOf(storeRef(ctx))],

  async view(ctx) {
    const ref = storeRef(ctx)
    const [live, [health]] = await Promise.all([ctx.kube.find(ref, ctx.signal), ctx.readiness.look([ref], ctx.signal)])
    if (live === undefined) return `ClusterSecretStore ${ref.name}: not there`
    return `ClusterSecretStore ${ref.name}: ${health?.health ?? 'unknown'}, owner ${ownerOf(live.metadata.labels) ?? 'nobody'}`
  },

  async destroy(ctx) {
    const ref = storeRef(ctx)
    const live = await ctx.kube.find(ref, ctx.signal)
    if (live === undefined) return
    if (ownerOf(live.metadata.labels) === ctx.config.deployment) await ctx.kube.remove(ref, { signal: ctx.signal })
    else ctx.report(`ClusterSecretStore ${ref.name} is left: it belongs to another deployment`)
  },
}
