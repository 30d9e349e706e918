import type { Change } from '../../src/engine/step.ts'
import { applied } from '../../src/engine/step.ts'
import type { KubeObject, LlmgwStep, Services } from '../../src/ports/index.ts'
import { refOf, targetOf } from '../desired.ts'
import { namespaces } from '../namespaces.ts'
import { claim, ownerOf } from '../ownership.ts'
import { keyOf, lackingRules, livePolicies, scopeDifferences, widened } from './compare.ts'
import { flows } from './flows.ts'
import { offReason } from './off.ts'
import { openings, type Policy } from './policies.ts'
import { removePolicy } from './remove.ts'
import type { Flow } from './table.ts'

function changeOf(ctx: Services, policy: Policy, live: KubeObject | undefined): Change | undefined {
  const target = targetOf(refOf(policy))
  if (live === undefined) return { action: 'create', target }
  const fields = [...scopeDifferences(policy, live), ...lackingRules(policy, live)]
  if (claim(ctx, target, ownerOf(live.metadata.labels)) === 'adopt') return { action: 'adopt', target, fields }
  return fields.length === 0 ? undefined : { action: 'update', target, fields }
}

/**
 * Allows each pod what it needs, before the pods that need it are there. What was allowed before stays allowed here: a
 * running platform that is being changed still talks as it used to, until network-isolation.
 */
export const networkPolicies: LlmgwStep = {
  id: 'network-policies',
  title: 'Allow the connections that components need',
  component: 'network-policies',
  needs: [applied(namespaces)],
  off: offReason,

  async check(ctx) {
    const live = await livePolicies(ctx)
    const wanted = openings(ctx)
    const changes = wanted.flatMap((policy) => changeOf(ctx, policy, live.get(keyOf(policy))) ?? [])
    if (changes.length === 0) return { state: 'current', out: undefined }
    return { state: changes.some(({ action }) => action === 'create') ? 'missing' : 'drifted', changes }
  },

  async apply(ctx) {
    const live = await livePolicies(ctx)
    for (const policy of openings(ctx)) {
      const found = live.get(keyOf(policy))
      if (changeOf(ctx, policy, found) === undefined) continue
      await ctx.kube.apply(widened(policy, found), { force: true, signal: ctx.signal })
    }
  },

  owns: async (ctx) => openings(ctx).map((policy) => targetOf(refOf(policy))),

  async view(ctx) {
    const live = await livePolicies(ctx)
    const lines = openings(ctx).map((policy) => `${keyOf(policy)}: ${live.has(keyOf(policy)) ? 'there' : 'not there'}`)
    return [...lines, ...flows(ctx.config).map(flowText)].join('\n')
  },

  async destroy(ctx) {
    for (const policy of openings(ctx)) await removePolicy(ctx, refOf(policy))
  },
}

/** `open-webui -> litellm TCP 4000`. */
function flowText({ from, to, ports }: Flow): string {
  const name = (end: Flow['from']): string => (typeof end === 'string' ? end : end.id)
  const shown = ports.length === 0 ? 'any port' : ports.map(({ protocol, port }) => `${protocol} ${port}`).join(', ')
  return `${name(from)} -> ${name(to)} ${shown}`
}
