import type { FieldChange } from '../../src/engine/step.ts'
import type { KubeObject, StepContext } from '../../src/ports/index.ts'
import { differences } from '../desired.ts'
import { namespaceNames } from '../names.ts'
import { NETWORK_POLICY, type Policy, type PolicySpec, type Rule } from './policies.ts'

const SIDES = ['ingress', 'egress'] as const

/** NetworkPolicies in our namespaces, by `namespace/name`. */
export async function livePolicies(
  ctx: Pick<StepContext, 'config' | 'kube' | 'signal'>,
): Promise<ReadonlyMap<string, KubeObject>> {
  const lists = await Promise.all(
    namespaceNames(ctx.config).map((namespace) => ctx.kube.list({ ...NETWORK_POLICY, namespace }, ctx.signal)),
  )
  return new Map(lists.flat().map((object) => [keyOf(object), object]))
}

/** `namespace/name`. */
export const keyOf = ({ metadata }: KubeObject): string => `${metadata.namespace}/${metadata.name}`

/** Whom a policy means, and which directions it closes. */
export function scopeDifferences({ spec }: Policy, live: KubeObject): readonly FieldChange[] {
  const found = specOf(live)
  return (['podSelector', 'policyTypes'] as const).flatMap((field) => {
    const path = `spec.${field}`
    if (canonical(spec[field]) === canonical(found[field])) return []
    const [first] = differences(spec[field], found[field], path)
    // The other way round: something is there beside what is wanted.
    return [first ?? { path, before: JSON.stringify(found[field]), after: JSON.stringify(spec[field]) }]
  })
}

/** Rules that are wanted and not there. */
export function lackingRules({ spec }: Policy, live: KubeObject): readonly FieldChange[] {
  return SIDES.flatMap((side) =>
    without(spec[side], specOf(live)[side]).map((rule) => ({ path: `spec.${side}[+]`, after: JSON.stringify(rule) })),
  )
}

/** Rules that are there and not wanted. */
export function strayRules({ spec }: Policy, live: KubeObject): readonly FieldChange[] {
  return SIDES.flatMap((side) =>
    without(specOf(live)[side], spec[side]).map((rule) => ({ path: `spec.${side}[-]`, before: JSON.stringify(rule) })),
  )
}

/** The policy with what is live added to it: nothing that talks now is cut off by it. */
export function widened(policy: Policy, live: KubeObject | undefined): Policy {
  if (live === undefined) return policy
  const sides = SIDES.flatMap((side) => {
    const wanted = policy.spec[side] ?? []
    const all = [...wanted, ...without(specOf(live)[side], wanted)]
    return all.length === 0 ? [] : [[side, all] as const]
  })
  return { ...policy, spec: { ...policy.spec, ...Object.fromEntries(sides) } }
}

function without(rules: readonly Rule[] = [], others: readonly Rule[] = []): readonly Rule[] {
  const known = new Set(others.map(canonical))
  return rules.filter((rule) => !known.has(canonical(rule)))
}

const specOf = ({ spec }: KubeObject): Partial<PolicySpec> => (spec ?? {}) as Partial<PolicySpec>

/** The same text whatever the order of keys. Lists keep theirs: Kubernetes gives them back as they were written. */
function canonical(value: unknown): string {
  return JSON.stringify(value, (_key, node: unknown) =>
    typeof node === 'object' && node !== null && !Array.isArray(node)
      ? Object.fromEntries(Object.entries(node).sort(([a], [b]) => (a < b ? -1 : 1)))
      : node,
  )
}
