import { ownTags } from '../ownership.ts'
import { awsActions } from '../permissions/aws-actions.ts'
import type { DoctorCheck, DoctorContext, Finding } from './finding.ts'

/** Whether IAM would allow the run what its steps call. */
export const awsPermissions: DoctorCheck = {
  id: 'permissions-aws',
  title: 'Permissions in the account',
  asks: 'aws',
  async run(ctx) {
    const { arn } = await ctx.sts.callerIdentity(ctx.signal)
    if (/:root$/.test(arn)) return { result: 'warn', evidence: `${arn} may do everything`, fix: 'use a role instead' }
    const principal = await principalOf(ctx, arn)
    if (principal === undefined) return unlooked(`IAM evaluates users and roles, the caller is ${arn}`)
    return await evaluate(ctx, principal)
  },
}

const unlooked = (why: string): Finding => ({
  result: 'could-not-look',
  evidence: why,
  fix: 'compare with what llmgw needs: llmgw permissions iam',
})

/** IAM evaluates the role behind a session; its ARN has the path that the session's has not. */
async function principalOf({ iam, signal }: DoctorContext, arn: string): Promise<string | undefined> {
  if (/:user\//.test(arn)) return arn
  const role = /:assumed-role\/([^/]+)\//.exec(arn)?.[1]
  return role === undefined ? undefined : (await iam.findRole(role, signal))?.arn
}

async function evaluate(ctx: DoctorContext, principal: string): Promise<Finding> {
  const needed = awsActions(ctx, 'AbCdEf').filter(({ purpose }) => purpose === 'deploy')
  const boundary = ctx.config.aws.permissionsBoundary
  const context = {
    ...Object.fromEntries(Object.entries(ownTags(ctx)).map(([key, value]) => [`aws:RequestTag/${key}`, value])),
    'aws:RequestedRegion': ctx.target.region,
    ...(boundary === undefined ? {} : { 'iam:PermissionsBoundary': boundary }),
  }
  const answers = await Promise.all(
    needed.map((one) =>
      ctx.iam.simulate({ principal, actions: one.actions, resources: one.resources, context }, ctx.signal),
    ),
  )
  const refused = [...new Set(answers.flat().flatMap(({ action, allowed }) => (allowed ? [] : [action])))]
  const actions = needed.flatMap((one) => one.actions)
  const silent = actions.filter((action) => !answers.flat().some((answer) => answer.action === action))
  if (silent.length > 0) return unlooked(`IAM gave no decision on ${silent.join(', ')}`)
  if (refused.length === 0)
    return {
      result: 'pass',
      evidence: `SimulatePrincipalPolicy of ${principal}: ${actions.length} actions are allowed`,
    }
  return {
    result: 'fail',
    evidence: `SimulatePrincipalPolicy of ${principal}: not allowed: ${refused.join(', ')}`,
    fix: `ask for these actions; aws iam simulate-principal-policy --policy-source-arn ${principal} --action-names ${refused[0]}`,
  }
}
