import { oidcProviderArn, ROLE_AUDIENCE } from '../names.ts'
import { isPending, lacksValue } from '../secrets/examine.ts'
import { variableOf } from '../secrets/first-value.ts'
import { describeSecrets } from '../secrets/logical-secret.ts'
import type { DoctorCheck } from './finding.ts'

/** What STS wants the tokens of service accounts to be for. */

/** The account trusts the tokens of the cluster's service accounts. */
export const oidcProvider: DoctorCheck = {
  id: 'oidc-provider',
  title: 'IAM OIDC provider of the cluster',
  asks: 'aws',
  async run(ctx) {
    const arn = oidcProviderArn(ctx)
    const found = await ctx.iam.findOidcProvider(arn, ctx.signal)
    if (found === undefined)
      return {
        result: 'fail',
        evidence: `the account has none for ${ctx.target.oidcIssuer}: no pod could take on a role`,
        fix: `eksctl utils associate-iam-oidc-provider --cluster ${ctx.target.clusterName} --region ${ctx.target.region} --approve`,
      }
    if (found.audiences.includes(ROLE_AUDIENCE))
      return { result: 'pass', evidence: `${arn} with audience ${ROLE_AUDIENCE}` }
    return {
      result: 'fail',
      evidence: `${arn} has audiences ${found.audiences.join(', ') || 'none'}, expected ${ROLE_AUDIENCE}`,
      fix: `aws iam add-client-id-to-open-id-connect-provider --open-id-connect-provider-arn ${arn} --client-id ${ROLE_AUDIENCE}`,
    }
  },
}

/** No name is blocked by a pending deletion, and values that only people know were given. */
export const secretNames: DoctorCheck = {
  id: 'secrets',
  title: 'Secrets in AWS Secrets Manager',
  asks: 'aws',
  async run(ctx) {
    const all = await describeSecrets(ctx)
    const pending = all.filter(isPending)
    if (pending.length > 0)
      return {
        result: 'fail',
        evidence: `scheduled for deletion: ${pending.map(({ remote, meta }) => `${remote} (${meta?.deletedAt})`).join(', ')}`,
        fix: 'restore them with their values: llmgw deploy secrets --restore-secrets',
      }
    const lacking = all.filter(
      (secret) =>
        secret.item.class === 'provided' && lacksValue(secret) && ctx.provided.find(secret.name) === undefined,
    )
    if (lacking.length > 0)
      return {
        result: 'warn',
        evidence: `no value yet: ${lacking.map(({ remote }) => remote).join(', ')}`,
        fix: `give ${lacking.map(({ name }) => variableOf(name)).join(', ')}, or answer in a terminal`,
      }
    return {
      result: 'pass',
      evidence: `${all.length} names: none is pending deletion, every value to provide is there`,
    }
  },

  async repair(ctx) {
    const pending = (await describeSecrets(ctx)).filter(isPending)
    if (pending.length === 0) return undefined
    return {
      words: `cancel the deletion of ${pending.map(({ remote }) => remote).join(', ')}; values stay as they are`,
      run: async () => {
        for (const { remote } of pending) await ctx.secretsManager.restore(remote, ctx.signal)
      },
    }
  },
}
