import { oidcProviderArn } from '../names.ts'
import { type Check, verdict } from './check.ts'

/** The credentials belong to the account that is meant. */
export const account: Check = {
  id: 'account',
  component: 'account',
  title: 'Credentials belong to the configured account',
  async run(ctx) {
    const { accountId, arn } = await ctx.sts.callerIdentity(ctx.signal)
    const wrong = accountId === ctx.target.accountId ? [] : [`account ${accountId}, expected ${ctx.target.accountId}`]
    return verdict('sts caller identity', wrong, { good: `account ${accountId} as ${arn}`, hint: 'llmgw config' })
  },
}

/** The cluster is active, answers, and its tokens are trusted by the account. */
export const cluster: Check = {
  id: 'cluster',
  component: 'cluster',
  title: 'Cluster is active, answers, and its issuer is trusted',
  async run(ctx) {
    const { clusterName } = ctx.target
    const [found, version, provider] = await Promise.all([
      ctx.eks.findCluster(clusterName, ctx.signal),
      ctx.kube.version(ctx.signal),
      ctx.iam.findOidcProvider(oidcProviderArn(ctx), ctx.signal),
    ])
    const wrong = [
      ...(found?.status === 'ACTIVE' ? [] : [`eks cluster ${clusterName} is ${found?.status ?? 'not there'}`]),
      ...(found?.oidcIssuer === `https://${ctx.target.oidcIssuer}`
        ? []
        : [`issuer is ${found?.oidcIssuer ?? 'none'}, expected https://${ctx.target.oidcIssuer}`]),
      ...(provider ? [] : [`the account has no IAM OIDC provider for ${ctx.target.oidcIssuer}`]),
    ]
    const lookedAt = `eks cluster ${clusterName}, its API server, its IAM OIDC provider`
    return verdict(lookedAt, wrong, { good: `active, Kubernetes ${version}, issuer trusted`, hint: 'llmgw status' })
  },
}
