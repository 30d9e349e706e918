import { ready } from '../../src/engine/step.ts'
import type { KubeObject, LlmgwStep, StepContext } from '../../src/ports/index.ts'
import { refOf, targetOf } from '../desired.ts'
import { policiesOff } from '../gatekeeper/settings.ts'
import { durationMs } from '../names.ts'
import { type Compared, compareWith, firstCause } from '../owned-object.ts'
import { ownerOf } from '../ownership.ts'
import { auditWords } from './audit.ts'
import { POLICIES, type Policy } from './catalog.ts'
import { inForce, leftOut } from './in-force.ts'
import { policyTemplates } from './policy-templates.ts'
import { constraintRef, enforcementOf, wantedConstraint } from './wanted.ts'

/** Where each policy holds, and what is done about violations. */
export const policyConstraints: LlmgwStep = {
  id: 'policy-constraints',
  title: 'Put the policies in force',
  component: 'policies',
  needs: [ready(policyTemplates)],
  off: ({ config }) => policiesOff(config),

  async check(ctx) {
    const compared = await compareAll(ctx)
    const changes = compared.flatMap(({ change }) => change ?? [])
    if (compared.some(({ live }) => live === undefined)) return { state: 'missing', changes }
    const health = await ctx.readiness.look(
      compared.map(({ object }) => refOf(object)),
      ctx.signal,
    )
    const cause = firstCause(health)
    if (cause) return { state: 'broken', cause, changes }
    if (changes.length > 0) return { state: 'drifted', changes }
    return health.every((one) => one.health === 'ready') ? { state: 'current', out: undefined } : { state: 'settling' }
  },

  async apply(ctx) {
    for (const { object, change } of await compareAll(ctx))
      if (change) await ctx.kube.apply(object, { force: true, signal: ctx.signal })
  },

  async ready(ctx) {
    const timeoutMs = durationMs(ctx.config.timeouts.step)
    const { signal, report } = ctx
    await ctx.readiness.wait((await inForce(ctx)).map(constraintRef), { timeoutMs, signal, report })
  },

  // The one whose CRD came or went meanwhile is ours all the same.
  owns: async (ctx) =>
    POLICIES.filter((policy) => ctx.config.policies.kind === 'gatekeeper' && !isOff(ctx, policy)).map((policy) =>
      targetOf(constraintRef(policy)),
    ),

  async view(ctx) {
    const lines = await Promise.all(POLICIES.map((policy) => describe(ctx, policy)))
    return lines.join('\n')
  },

  async destroy(ctx) {
    for (const policy of POLICIES) await removeConstraint(ctx, policy)
  },
}

const isOff = ({ config }: Pick<StepContext, 'config'>, { name }: Policy): boolean =>
  config.policies.kind === 'gatekeeper' && config.policies.overrides[name] === 'off'

async function compareAll(ctx: StepContext): Promise<readonly Compared[]> {
  return await Promise.all((await inForce(ctx)).map((policy) => compareOne(ctx, policy)))
}

async function compareOne(ctx: StepContext, policy: Policy): Promise<Compared> {
  const live = await ctx.kube.find(constraintRef(policy), ctx.signal)
  const compared = compareWith(ctx, await wantedConstraint(ctx, policy, live), live)
  return { ...compared, change: compared.change && withConsequence(compared.change, compared) }
}

/** Who agrees to a denial must know what it would meet. */
function withConsequence(change: NonNullable<Compared['change']>, { object, live }: Compared) {
  const stricter = live !== undefined && enforcementOf(live) !== 'deny' && enforcementOf(object) === 'deny'
  return stricter ? { ...change, detail: `from now on denied; ${auditWords(live)}` } : change
}

async function describe(ctx: StepContext, policy: Policy): Promise<string> {
  const [live, reason] = await Promise.all([ctx.kube.find(constraintRef(policy), ctx.signal), leftOut(ctx, policy)])
  if (live === undefined) return `${policy.name}: not there${reason === undefined ? '' : `, because ${reason}`}`
  return `${policy.name}: ${enforcementOf(live)}, ${auditWords(live)}, owner ${ownerOf(live.metadata.labels) ?? 'nobody'}`
}

async function removeConstraint(ctx: StepContext, policy: Policy): Promise<void> {
  const ref = constraintRef(policy)
  const live: KubeObject | undefined = await ctx.kube.find(ref, ctx.signal)
  if (live === undefined) return
  if (ownerOf(live.metadata.labels) !== ctx.config.deployment) return ctx.report(`${targetOf(ref)} is left: not ours`)
  await ctx.kube.remove(ref, { ...(live.metadata.uid && { uid: live.metadata.uid }), signal: ctx.signal })
}
