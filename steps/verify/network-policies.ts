import type { KubeObject } from '../../src/ports/index.ts'
import { refOf, targetOf } from '../desired.ts'
import { namespaceNames } from '../names.ts'
import { keyOf, lackingRules, livePolicies, scopeDifferences, strayRules } from '../network-policies/compare.ts'
import { enforcement } from '../network-policies/enforcement.ts'
import { offReason } from '../network-policies/off.ts'
import { DENY_ALL, denials, openings, type Policy } from '../network-policies/policies.ts'
import { type Selector, selects } from '../network-policies/selector.ts'
import { ownerOf } from '../ownership.ts'
import { type Check, type CheckContext, type CheckResult, verdict } from './check.ts'

/** More would hide the point. */
const SHOWN = 3

type Live = ReadonlyMap<string, KubeObject>

/**
 * Every NetworkPolicy is there with the rules that are wanted and no others; names pods that are cut off from everybody,
 * and says where nothing enforces policies.
 */
export const policiesHold: Check = {
  id: 'network-policies',
  component: 'network-policies',
  title: 'NetworkPolicies are as wanted',
  async run(ctx) {
    const off = offReason(ctx)
    if (off !== undefined) return { result: 'skip', lookedAt: 'the configuration', found: off }
    const wanted = [...openings(ctx), ...denials(ctx)]
    const [live, pods, engine] = await Promise.all([livePolicies(ctx), podsOf(ctx), enforcement(ctx)])
    const lookedAt = wanted.map(keyOf).join(', ')
    const wrong = wanted.flatMap((policy) => faults(ctx, policy, live.get(keyOf(policy))))
    if (wrong.length > 0) return verdict(lookedAt, wrong, { good: '', hint: 'llmgw deploy network-policies' })
    const good = `${wanted.length} as wanted`
    const alone = cutOff(live, pods)
    if (alone.length > 0) return { result: 'warn', lookedAt, ...aloneWords(good, alone) }
    if (engine.enforced || ctx.target.sandbox)
      return { result: 'pass', lookedAt, found: `${good}, for ${pods.length} pods; ${engine.evidence}` }
    return unenforced(lookedAt, `${good}, but NetworkPolicies are not enforced here: ${engine.evidence}`, engine.fix)
  },
}

function unenforced(lookedAt: string, found: string, hint: string | undefined): CheckResult {
  return { result: 'warn', lookedAt, found, ...(hint === undefined ? {} : { hint }) }
}

function aloneWords(good: string, alone: readonly KubeObject[]): Pick<CheckResult, 'found' | 'hint'> {
  const names = alone.slice(0, SHOWN).map(keyOf).join(', ')
  const more = alone.length > SHOWN ? ` and ${alone.length - SHOWN} more` : ''
  return {
    found: `${good}, but nothing allows these pods to talk to anybody: ${names}${more}`,
    hint: 'give them NetworkPolicies of your own beside ours, as docs/network-policies.md shows',
  }
}

/** Pods of our namespaces that policies are about: not those of the host's network, nor those that have ended. */
async function podsOf(ctx: CheckContext): Promise<readonly KubeObject[]> {
  const lists = await Promise.all(
    namespaceNames(ctx.config).map((namespace) =>
      ctx.kube.list({ apiVersion: 'v1', kind: 'Pod', namespace }, ctx.signal),
    ),
  )
  return lists.flat().filter(({ spec, status }) => {
    const { phase } = (status ?? {}) as { readonly phase?: string }
    return (
      (spec as { readonly hostNetwork?: boolean }).hostNetwork !== true && phase !== 'Succeeded' && phase !== 'Failed'
    )
  })
}

/** Pods that nothing but the denial of everything is about. */
function cutOff(live: Live, pods: readonly KubeObject[]): readonly KubeObject[] {
  const allowing = [...live.values()].filter(({ metadata }) => metadata.name !== DENY_ALL)
  return pods.filter((pod) => !allowing.some((policy) => means(policy, pod)))
}

function faults({ config }: CheckContext, policy: Policy, live: KubeObject | undefined): readonly string[] {
  const target = targetOf(refOf(policy))
  if (live === undefined) return [`${target} is not there`]
  const owner = ownerOf(live.metadata.labels)
  const differing = [...scopeDifferences(policy, live), ...lackingRules(policy, live), ...strayRules(policy, live)]
  return [
    ...(owner === config.deployment ? [] : [`the owner of ${target} is ${owner ?? 'nobody'}`]),
    ...differing.map(
      ({ path, before, after }) => `${target}: ${path} ${before === undefined ? 'lacks' : 'has'} ${before ?? after}`,
    ),
  ]
}

function means({ metadata, spec }: KubeObject, pod: KubeObject): boolean {
  const { podSelector = {} } = (spec ?? {}) as { readonly podSelector?: Selector }
  return metadata.namespace === pod.metadata.namespace && selects(podSelector, pod.metadata.labels ?? {})
}
