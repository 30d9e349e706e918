import pLimit from 'p-limit'
import type { Change, FieldChange } from '../../engine/step.ts'
import { StepError } from '../../errors.ts'
import type { Kube, KubeObject } from '../../ports/kube.ts'
import { fieldChange, identityOf, refOf, targetOf, updateOf, wantedLeaves } from './change-of.ts'
import { pathText, valueAt } from './owned-fields.ts'
import { sameValue } from './same-value.ts'

const CONCURRENCY = 8

/** What `helm upgrade --dry-run=server --output json` gives, as far as we read it. */
export interface Rendered {
  readonly objects: readonly KubeObject[]
  readonly hooks: readonly { readonly kind: string; readonly name: string; readonly events: readonly string[] }[]
}

/** Written by Helm itself, or by the server on every write. */
const NOISE = /^metadata\.(annotations\["meta\.helm\.sh|labels\["app\.kubernetes\.io\/managed-by)/

interface Comparison {
  readonly rendered: KubeObject
  readonly live: KubeObject
  /** The object as the server would store it; absent when the server refuses. */
  readonly future?: KubeObject | undefined
  /** The same object in the last revision. */
  readonly recorded?: KubeObject | undefined
}

/** Wanted values that are not there. The server's own dry run spells them as it would store them. */
function changed({ rendered, live, future }: Comparison): readonly FieldChange[] {
  return wantedLeaves(rendered)
    .filter((leaf) => !NOISE.test(pathText(leaf.path)))
    .map((leaf) => ({
      path: leaf.path,
      before: valueAt(live, leaf.path),
      after: future === undefined ? leaf.value : (valueAt(future, leaf.path) ?? leaf.value),
    }))
    .filter(({ before, after }) => !sameValue(after, before))
    .map(({ path, before, after }) => fieldChange(rendered.kind, path, { before, after }))
}

/** Values of the last revision that the new one no longer sets: Helm's apply takes them away. */
function dropped({ rendered, live, recorded }: Comparison): readonly FieldChange[] {
  if (recorded === undefined) return []
  const kept = new Set(wantedLeaves(rendered).map((leaf) => pathText(leaf.path)))
  return wantedLeaves(recorded)
    .filter((leaf) => !kept.has(pathText(leaf.path)) && valueAt(rendered, leaf.path) === undefined)
    .map((leaf) => ({ path: leaf.path, before: valueAt(live, leaf.path) }))
    .filter(({ before }) => before !== undefined)
    .map(({ path, before }) => fieldChange(rendered.kind, path, { before, after: undefined }))
}

async function compare(
  kube: Kube,
  pair: { readonly rendered: KubeObject; readonly recorded: KubeObject | undefined },
  signal?: AbortSignal,
): Promise<readonly Change[]> {
  const { rendered, recorded } = pair
  const live = await kube.find(refOf(rendered), signal)
  if (live === undefined) return [{ action: 'create', target: targetOf(rendered) }]
  let refusal: string | undefined
  const future = await kube
    .apply(rendered, { dryRun: true, force: true, ...(signal && { signal }) })
    .catch((error: unknown) => {
      if (!(error instanceof StepError)) throw error
      refusal = `the server refuses it: ${String(error.cause ?? error.message)}`
      return undefined
    })
  const comparison = { rendered, recorded, live, future }
  return updateOf(rendered, [...changed(comparison), ...dropped(comparison)], refusal)
}

const isKept = (object: KubeObject): boolean => object.metadata.annotations?.['helm.sh/resource-policy'] === 'keep'

/** What submitting `rendered` in the place of `recorded` would change. */
export async function diffOf(
  kube: Kube,
  revisions: { readonly rendered: Rendered; readonly recorded: readonly KubeObject[] },
  signal?: AbortSignal,
): Promise<readonly Change[]> {
  const { rendered, recorded } = revisions
  const before = new Map(recorded.map((object) => [identityOf(object), object]))
  const after = new Set(rendered.objects.map(identityOf))
  const limit = pLimit(CONCURRENCY)
  const written = await limit.map([...rendered.objects], (object) =>
    compare(kube, { rendered: object, recorded: before.get(identityOf(object)) }, signal),
  )
  const removed = recorded
    .filter((object) => !after.has(identityOf(object)) && !isKept(object))
    .map((object): Change => ({ action: 'delete', target: targetOf(object) }))
  const changes = [...written.flat(), ...removed]
  if (changes.length === 0) return []
  return [
    ...changes,
    ...rendered.hooks.map(
      (hook): Change => ({
        action: 'run',
        target: `helm hook ${hook.kind.toLowerCase()} ${hook.name}`,
        detail: hook.events.join(', '),
      }),
    ),
  ]
}
