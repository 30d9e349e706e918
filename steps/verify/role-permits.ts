import type { PolicyDocument } from '../../src/ports/index.ts'
import { documentValues, IAM_DOCUMENTS, type IrsaRole, renderPolicy } from '../iam-document.ts'
import { roleArn } from '../names.ts'
import { type Check, type CheckContext, verdict } from './check.ts'
import { cannotAsk, ROLE_WORD } from './roles.ts'
import { whereAnswered } from './silent.ts'

/** For the six characters that AWS adds to the ARN of a secret: IAM is asked about resources, not about patterns. */
const SUFFIX = 'AbCdEf'

/** Refusals named one by one; of more, the number. */
const NAMED = 3

/**
 * Whether IAM would let a role do what the configuration makes its pods do, action by action and ARN by ARN: its policies can be
 * as wanted, and another one that was attached, or a boundary, refuse it all the same.
 */
function rolePermits(kind: IrsaRole, title: string): Check {
  return {
    id: `role-permits-${ROLE_WORD[kind]}`,
    component: 'irsa',
    title,
    async run(ctx) {
      const { roleName } = ctx.config.irsa[kind]
      const calls = await callsOf(ctx, kind)
      if (calls.length === 0) return { result: 'skip', lookedAt: 'the configuration', found: 'its pods call nothing' }
      const lookedAt = `iam role ${roleName}, by SimulatePrincipalPolicy`
      return await whereAnswered(lookedAt, async () => {
        const principal = roleArn(ctx, roleName)
        const answers = await Promise.all(
          calls.map((call) => ctx.iam.simulate({ principal, ...call }, ctx.signal).catch(cannotAsk)),
        )
        const refused = answers
          .flat()
          .filter(({ allowed }) => !allowed)
          .map(({ action, resource }) => `${action} on ${resource}`)
        const more = refused.length > NAMED ? [`${refused.length - NAMED} more`] : []
        const wrong = refused.length === 0 ? [] : [`refused: ${[...refused.slice(0, NAMED), ...more].join(', ')}`]
        const good = `${answers.flat().length} pairs of action and ARN, all allowed`
        return verdict(lookedAt, wrong, {
          good,
          hint: 'llmgw deploy irsa; else look for a boundary or an attached policy',
        })
      })
    },
  }
}

interface Calls {
  readonly actions: readonly string[]
  readonly resources: readonly string[]
  readonly context: Readonly<Record<string, string>>
}

/** What our own document is there for; conditions are given as the service would meet them. */
async function callsOf({ assets, config, target }: CheckContext, kind: IrsaRole): Promise<readonly Calls[]> {
  const [template] = await assets.documents(IAM_DOCUMENTS[kind].policy)
  const policy = renderPolicy(template, documentValues(config, target, kind))
  return (policy?.Statement ?? []).map((statement) => ({
    actions: textsOf(statement.Action),
    resources: textsOf(statement.Resource).map((arn) => arn.replace('??????', SUFFIX)),
    context: contextOf(statement),
  }))
}

const textsOf = (value: unknown): readonly string[] => [value].flat().map(String)

function contextOf({ Condition = {} }: PolicyDocument['Statement'][number]): Readonly<Record<string, string>> {
  const { StringEquals = {} } = Condition as { readonly StringEquals?: Readonly<Record<string, unknown>> }
  return Object.fromEntries(Object.entries(StringEquals).map(([key, value]) => [key, textsOf(value)[0] ?? '']))
}

export const gatewayRolePermits = rolePermits('gateway', 'IAM lets the gateway call every configured model')
export const externalSecretsRolePermits = rolePermits(
  'externalSecrets',
  'IAM lets External Secrets read every secret that is synced',
)
