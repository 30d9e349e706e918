import { ready } from '../../src/engine/step.ts'
import type { LlmgwStep, StepContext } from '../../src/ports/index.ts'
import { refOf, targetOf } from '../desired.ts'
import { gatekeeper } from '../gatekeeper/gatekeeper.ts'
import { policiesOff } from '../gatekeeper/settings.ts'
import { durationMs } from '../names.ts'
import { compare, firstCause } from '../owned-object.ts'
import { ownerOf } from '../ownership.ts'
import { CONSTRAINTS_API, POLICIES, type Policy } from './catalog.ts'
import { crdRef, templateRef, wantedTemplate } from './wanted.ts'

/** What each policy asks; Gatekeeper makes a kind of constraint of each. */
export const policyTemplates: LlmgwStep = {
  id: 'policy-templates',
  title: 'Teach Gatekeeper the policies',
  component: 'policies',
  needs: [ready(gatekeeper)],
  off: ({ config }) => policiesOff(config),

  async check(ctx) {
    const objects = await Promise.all(POLICIES.map((policy) => wantedTemplate(ctx, policy)))
    const compared = await Promise.all(objects.map((object) => compare(ctx, object)))
    const changes = compared.flatMap(({ change }) => change ?? [])
    if (compared.some(({ live }) => live === undefined)) return { state: 'missing', changes }
    const health = await ctx.readiness.look(POLICIES.flatMap(watched), ctx.signal)
    const cause = firstCause(health)
    if (cause) return { state: 'broken', cause, changes }
    if (changes.length > 0) return { state: 'drifted', changes }
    return health.every((one) => one.health === 'ready') ? { state: 'current', out: undefined } : { state: 'settling' }
  },

  async apply(ctx) {
    for (const policy of POLICIES) {
      const { object, change } = await compare(ctx, await wantedTemplate(ctx, policy))
      if (change) await ctx.kube.apply(object, { force: true, signal: ctx.signal })
    }
  },

  // A constraint cannot be written before its kind is served, which takes seconds.
  async ready(ctx) {
    const timeoutMs = durationMs(ctx.config.timeouts.step)
    const { signal, report } = ctx
    await ctx.readiness.wait(POLICIES.map(templateRef), { timeoutMs, signal, report })
    await ctx.readiness.wait(POLICIES.map(crdRef), { timeoutMs, signal, report })
  },

  owns: async () => POLICIES.map((policy) => targetOf(templateRef(policy))),

  async view(ctx) {
    const health = await ctx.readiness.look(POLICIES.map(templateRef), ctx.signal)
    return POLICIES.map((policy, index) => `template ${policy.kind}: ${health[index]?.health ?? 'unknown'}`).join('\n')
  },

  async destroy(ctx) {
    for (const policy of POLICIES) await removeTemplate(ctx, policy)
  },
}

const watched = (policy: Policy) => [templateRef(policy), crdRef(policy)]

/** A template takes every constraint of its kind with it, whoever made it. */
async function removeTemplate(ctx: StepContext, policy: Policy): Promise<void> {
  const ref = templateRef(policy)
  const live = await ctx.kube.find(ref, ctx.signal)
  if (live === undefined) return
  if (ownerOf(live.metadata.labels) !== ctx.config.deployment) return ctx.report(`${targetOf(ref)} is left: not ours`)
  const constraints = await ctx.kube.list({ apiVersion: CONSTRAINTS_API, kind: policy.kind }, ctx.signal)
  const foreign = constraints.filter(({ metadata }) => ownerOf(metadata.labels) !== ctx.config.deployment)
  if (foreign.length > 0) {
    const names = foreign.map((object) => targetOf(refOf(object))).join(', ')
    return ctx.report(`${targetOf(ref)} is left: it would take with it ${names}`)
  }
  await ctx.kube.remove(ref, { ...(live.metadata.uid && { uid: live.metadata.uid }), signal: ctx.signal })
}
