import type { Change } from '../../src/engine/step.ts'
import { applied, goesAfter } from '../../src/engine/step.ts'
import type { KubeObject, LlmgwStep, Services } from '../../src/ports/index.ts'
import { refOf, targetOf } from '../desired.ts'
import { claim, ownerOf } from '../ownership.ts'
import { keyOf, livePolicies, scopeDifferences, strayRules } from './compare.ts'
import { networkPolicies } from './network-policies.ts'
import { offReason } from './off.ts'
import { denials, openings, type Policy } from './policies.ts'
import { removePolicy } from './remove.ts'

function denialChange(ctx: Services, policy: Policy, live: KubeObject | undefined): Change | undefined {
  const target = targetOf(refOf(policy))
  if (live === undefined) return { action: 'create', target }
  const fields = [...scopeDifferences(policy, live), ...strayRules(policy, live)]
  if (claim(ctx, target, ownerOf(live.metadata.labels)) === 'adopt') return { action: 'adopt', target, fields }
  return fields.length === 0 ? undefined : { action: 'update', target, fields }
}

/** What is lacking is the business of the step before: here only what is too much. */
function narrowing(ctx: Services, policy: Policy, live: KubeObject | undefined): Change | undefined {
  if (live === undefined || ownerOf(live.metadata.labels) !== ctx.config.deployment) return undefined
  const fields = strayRules(policy, live)
  return fields.length === 0 ? undefined : { action: 'update', target: targetOf(refOf(policy)), fields }
}

interface Pending {
  readonly policy: Policy
  readonly change: Change
}

async function pending(ctx: Parameters<LlmgwStep['check']>[0]): Promise<readonly Pending[]> {
  const live = await livePolicies(ctx)
  const among = (policies: readonly Policy[], changeOf: typeof narrowing): readonly Pending[] =>
    policies.flatMap((policy) => {
      const change = changeOf(ctx, policy, live.get(keyOf(policy)))
      return change === undefined ? [] : [{ policy, change }]
    })
  return [...among(openings(ctx), narrowing), ...among(denials(ctx), denialChange)]
}

/**
 * Denies everything else, once all other steps have had their turn: pods that were replaced in this run had connections
 * that the new ones do not need, and pods of an older installation may have labels that no policy knows.
 * @param others every other step of the platform
 */
export function networkIsolation(others: readonly LlmgwStep<unknown>[]): LlmgwStep {
  return {
    id: 'network-isolation',
    title: 'Deny all other connections',
    component: 'network-policies',
    needs: [
      applied(networkPolicies),
      ...others.filter((step) => step !== networkPolicies).map((step) => goesAfter(step)),
    ],
    off: offReason,

    async check(ctx) {
      const changes = (await pending(ctx)).map(({ change }) => change)
      if (changes.length === 0) return { state: 'current', out: undefined }
      return { state: changes.some(({ action }) => action === 'create') ? 'missing' : 'drifted', changes }
    },

    async apply(ctx) {
      for (const { policy } of await pending(ctx)) await ctx.kube.apply(policy, { force: true, signal: ctx.signal })
    },

    owns: async (ctx) => denials(ctx).map((policy) => targetOf(refOf(policy))),

    async view(ctx) {
      const live = await livePolicies(ctx)
      const lines = denials(ctx).map((policy) => `${keyOf(policy)}: ${live.has(keyOf(policy)) ? 'there' : 'not there'}`)
      return lines.join('\n')
    },

    async destroy(ctx) {
      for (const policy of denials(ctx)) await removePolicy(ctx, refOf(policy))
    },
  }
}
