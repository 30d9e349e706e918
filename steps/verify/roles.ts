import { LlmgwError } from '../../src/errors.ts'
import { samePolicy } from '../../src/ports/policy.ts'
import { type IrsaRole, namespaceOfRole } from '../iam-document.ts'
import { INLINE_POLICY, roleDocuments } from '../irsa/role-documents.ts'
import { ROLE_AUDIENCE, roleArn } from '../names.ts'
import { type Check, verdict } from './check.ts'
import { CannotAsk, whereAnswered } from './silent.ts'

/** A role in the id of its checks. */
export const ROLE_WORD: Readonly<Record<IrsaRole, string>> = { gateway: 'gateway', externalSecrets: 'external-secrets' }

/** A role trusts exactly its service account and allows exactly what is configured; what others added is a warning. */
function roleHolds(kind: IrsaRole, title: string): Check {
  return {
    id: `role-${ROLE_WORD[kind]}`,
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

/** The least that the API server gives. */
const TOKEN_SECONDS = 600

/** A pod gets its role: the account takes the ServiceAccount's real token, judged by the role as it is there. */
function roleTaken(kind: IrsaRole, title: string): Check {
  return {
    id: `role-taken-${ROLE_WORD[kind]}`,
    component: 'irsa',
    title,
    async run(ctx) {
      const { roleName, serviceAccount: name } = ctx.config.irsa[kind]
      const namespace = namespaceOfRole(ctx.config, kind)
      const lookedAt = `iam role ${roleName}, taken on with a token of ServiceAccount ${namespace}/${name}`
      return await whereAnswered(lookedAt, async () => {
        const token = await ctx.kube
          .serviceAccountToken({ namespace, name }, { audience: ROLE_AUDIENCE, seconds: TOKEN_SECONDS }, ctx.signal)
          .catch(cannotAsk)
        const request = { roleArn: roleArn(ctx, roleName), token, session: 'llmgw-verify' }
        const taken = await ctx.sts.assumeWithToken(request, ctx.signal)
        const wrong = 'refused' in taken ? [`aws refuses it: ${taken.refused}`] : []
        const good = 'arn' in taken ? `taken on as ${taken.arn}` : ''
        return verdict(lookedAt, wrong, { good, hint: 'llmgw doctor; llmgw deploy irsa' })
      })
    },
  }
}

const UNANSWERED: ReadonlySet<string> = new Set(['NotFound', 'KubeForbidden', 'AwsDenied'])

/** Whom we ask about is not there yet, or we have no right to ask: nothing can be said, and other checks tell of the former. */
export function cannotAsk(error: unknown): never {
  if (error instanceof LlmgwError && UNANSWERED.has(error.code)) throw new CannotAsk(error.message)
  throw error
}

export const gatewayRoleTaken = roleTaken('gateway', 'Pods of the gateway get their role')
export const externalSecretsRoleTaken = roleTaken('externalSecrets', 'Pods of External Secrets get their role')
export const gatewayRole = roleHolds('gateway', 'Role of the gateway trusts and allows what is configured')
export const externalSecretsRole = roleHolds(
  'externalSecrets',
  'Role of External Secrets trusts and allows what is configured',
)
