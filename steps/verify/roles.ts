import { samePolicy } from '../../src/ports/policy.ts'
import type { IrsaRole } from '../iam-document.ts'
import { INLINE_POLICY, roleDocuments } from '../irsa/role-documents.ts'
import { type Check, verdict } from './check.ts'

/** A role trusts exactly its service account and allows exactly what is configured; what others added is a warning. */
function roleHolds(kind: IrsaRole, title: string): Check {
  return {
    id: `role-${kind === 'gateway' ? 'gateway' : 'external-secrets'}`,
    component: 'irsa',
    title,
    async run(ctx) {
      const { roleName } = ctx.config.irsa[kind]
      const role = await ctx.iam.findRole(roleName, ctx.signal)
      const lookedAt = `iam role ${roleName}, its trust and inline policies`
      const hint = 'llmgw deploy irsa'
      if (role === undefined) return verdict(lookedAt, ['it is not there'], { good: '', hint })
      const { trust, policy, foreign } = await roleDocuments(ctx, kind, role)
      const live = role.inline[INLINE_POLICY[kind]]
      const wrong = [
        ...(samePolicy(role.trust, trust) ? [] : ['its trust policy differs']),
        ...(policy && !(live && samePolicy(live, policy))
          ? [`policy ${INLINE_POLICY[kind]} differs or is absent`]
          : []),
      ]
      if (wrong.length > 0 || foreign.length === 0) return verdict(lookedAt, wrong, { good: 'exactly as wanted', hint })
      const found = `as wanted, and others added: ${foreign.join(', ')}`
      return { result: 'warn', lookedAt, found, hint: `aws iam list-role-policies --role-name ${roleName}` }
    },
  }
}

export const gatewayRole = roleHolds('gateway', 'Role of the gateway trusts and allows what is configured')
export const externalSecretsRole = roleHolds(
  'externalSecrets',
  'Role of External Secrets trusts and allows what is configured',
)
