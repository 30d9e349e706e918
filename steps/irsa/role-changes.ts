import type { Change, ChangedBy } from '../../src/engine/step.ts'
import type { Role, Services } from '../../src/ports/index.ts'
import { policyDifferences, samePolicy } from '../../src/ports/policy.ts'
import type { IrsaRole } from '../iam-document.ts'
import { claim, ownerOf } from '../ownership.ts'
import { INLINE_POLICY, INPUTS_TAG, type RoleDocuments } from './role-documents.ts'

const NOTHING = { Version: '2012-10-17', Statement: [] }

/** How changes name the parts of a role. */
export const roleTarget = (name: string) => `iam role ${name}`
const trustTarget = (name: string) => `trust policy of ${roleTarget(name)}`
const policyTarget = (name: string, policy: string) => `inline policy ${policy} of ${roleTarget(name)}`

/** What creating the role comes to. */
export function creation(name: string, kind: IrsaRole, documents: RoleDocuments): readonly Change[] {
  const { trust, policy } = documents
  const role: Change = { action: 'create', target: roleTarget(name), fields: policyDifferences(NOTHING, trust) }
  if (policy === undefined) return [role]
  const fields = policyDifferences(NOTHING, policy)
  return [role, { action: 'create', target: policyTarget(name, INLINE_POLICY[kind]), fields }]
}

/** Differences of a role that is there, each part for itself: a run may have died between two writes. */
export function corrections(
  ctx: Services,
  role: Role,
  { kind, documents }: { readonly kind: IrsaRole; readonly documents: RoleDocuments },
): readonly Change[] {
  const changes: Change[] = []
  const target = roleTarget(role.name)
  if (claim(ctx, target, ownerOf(role.tags)) === 'adopt') changes.push({ action: 'adopt', target })
  if (!samePolicy(role.trust, documents.trust)) {
    const fields = policyDifferences(role.trust, documents.trust)
    changes.push({ action: 'update', target: trustTarget(role.name), fields, ...by(role, documents) })
  }
  const change = policyChange(role, INLINE_POLICY[kind], documents)
  if (change) changes.push({ ...change, ...by(role, documents) })
  return changes.length === 0 ? [] : withNote(changes, documents.foreign)
}

/** A role that was brought to what is still wanted, and is not so, was edited since. */
function by({ tags }: Role, { inputs }: RoleDocuments): { readonly by?: ChangedBy } {
  const last = tags[INPUTS_TAG]
  return last === undefined ? {} : { by: last === inputs ? 'others' : 'configuration' }
}

function policyChange(role: Role, name: string, { policy }: RoleDocuments): Change | undefined {
  const live = role.inline[name]
  const target = policyTarget(role.name, name)
  if (policy === undefined) return live && { action: 'delete', target, fields: policyDifferences(live, NOTHING) }
  if (live === undefined) return { action: 'create', target, fields: policyDifferences(NOTHING, policy) }
  return samePolicy(live, policy) ? undefined : { action: 'update', target, fields: policyDifferences(live, policy) }
}

function withNote(changes: readonly Change[], foreign: readonly string[]): readonly Change[] {
  const [first, ...rest] = changes
  if (first === undefined || foreign.length === 0) return changes
  return [{ ...first, detail: `not ours, left as it is: ${foreign.join(', ')}` }, ...rest]
}
