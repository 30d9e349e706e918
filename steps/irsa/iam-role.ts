import type { Observation } from '../../src/engine/step.ts'
import { PreflightError, StepError } from '../../src/errors.ts'
import type { LlmgwStep, Role, StepContext } from '../../src/ports/index.ts'
import { samePolicy } from '../../src/ports/policy.ts'
import type { IrsaRole } from '../iam-document.ts'
import { oidcProviderArn, ROLE_AUDIENCE, roleArn } from '../names.ts'
import { ownerOf, ownTags } from '../ownership.ts'
import { corrections, creation, roleTarget } from './role-changes.ts'
import { INLINE_POLICY, INPUTS_TAG, roleDocuments } from './role-documents.ts'

/** Audience of the tokens that pods exchange. Source: EKS user guide, IAM roles for service accounts. */

export interface IamRoleOut {
  readonly arn: string
}

export interface IamRoleOptions {
  readonly id: string
  readonly title: string
  /** Key in `config.irsa`. */
  readonly kind: IrsaRole
  readonly description: string
}

/** A step that keeps one role for service accounts: trust policy, one inline policy, tag, permissions boundary. */
export function iamRole({ id, title, kind, description }: IamRoleOptions): LlmgwStep<IamRoleOut> {
  const nameIn = ({ config }: StepContext) => config.irsa[kind].roleName
  return {
    id,
    title,
    component: 'irsa',
    needs: [],
    check: (ctx) => observe(ctx, kind),

    async apply(ctx) {
      const name = nameIn(ctx)
      const live = await ctx.iam.findRole(name, ctx.signal)
      if (live === undefined) await createRole(ctx, kind, description)
      else await correctRole(ctx, kind, live)
    },

    async view(ctx) {
      const role = await ctx.iam.findRole(nameIn(ctx), ctx.signal)
      if (role === undefined) return `role ${nameIn(ctx)}: not there`
      const { foreign } = await roleDocuments(ctx, kind, role)
      return [
        `role ${role.arn}, owner ${ownerOf(role.tags) ?? 'nobody'}`,
        `inline policies: ${Object.keys(role.inline).join(', ') || 'none'}`,
        ...foreign.map((one) => `not ours: ${one}`),
      ].join('\n')
    },

    async destroy(ctx) {
      const role = await ctx.iam.findRole(nameIn(ctx), ctx.signal)
      if (role === undefined) return
      if (ownerOf(role.tags) !== ctx.config.deployment) {
        return ctx.report(`${roleTarget(role.name)} is left: its owner is ${ownerOf(role.tags) ?? 'nobody'}`)
      }
      await removeRole(ctx, kind, role)
    },
  }
}

async function observe(ctx: StepContext, kind: IrsaRole): Promise<Observation<IamRoleOut>> {
  const { roleName } = ctx.config.irsa[kind]
  const [role] = await Promise.all([ctx.iam.findRole(roleName, ctx.signal), requireProvider(ctx)])
  const documents = await roleDocuments(ctx, kind, role)
  if (role === undefined) return { state: 'missing', changes: creation(roleName, kind, documents) }
  const changes = corrections(ctx, role, { kind, documents })
  const cause = incurable(ctx, role)
  if (cause) return { state: 'broken', cause, changes }
  return changes.length > 0 ? { state: 'drifted', changes } : { state: 'current', out: { arn: role.arn } }
}

/** Pods get no token accepted without it, and making it is the cluster owner's business. */
async function requireProvider(ctx: StepContext): Promise<void> {
  const arn = oidcProviderArn(ctx)
  const hint = `eksctl utils associate-iam-oidc-provider --cluster ${ctx.target.clusterName} --region ${ctx.target.region} --approve`
  const provider = await ctx.iam.findOidcProvider(arn, ctx.signal)
  if (provider === undefined) {
    throw new PreflightError('OidcProviderMissing', `the account has no IAM OIDC provider ${arn}`, { hint })
  }
  if (!provider.audiences.includes(ROLE_AUDIENCE)) {
    throw new PreflightError(
      'OidcAudienceMissing',
      `IAM OIDC provider ${arn} accepts ${provider.audiences.join(', ') || 'no audience'}, expected ${ROLE_AUDIENCE}`,
      {
        hint: `aws iam add-client-id-to-open-id-connect-provider --open-id-connect-provider-arn ${arn} --client-id ${ROLE_AUDIENCE}`,
      },
    )
  }
}

/** What no write of ours mends. */
function incurable(ctx: StepContext, role: Role) {
  const boundary = ctx.config.aws.permissionsBoundary
  if (boundary !== undefined && role.permissionsBoundary !== boundary) {
    return {
      code: 'RoleBoundaryDiffers',
      message: `${roleTarget(role.name)} has permissions boundary ${role.permissionsBoundary ?? 'none'}, expected ${boundary}`,
      hint: `aws iam put-role-permissions-boundary --role-name ${role.name} --permissions-boundary ${boundary}`,
    }
  }
  const expected = roleArn(ctx, role.name)
  if (role.arn === expected) return undefined
  return {
    code: 'RolePathDiffers',
    message: `${roleTarget(role.name)} has the ARN ${role.arn}, service accounts will name ${expected}`,
    hint: 'choose another role name in llmgw.yaml: the path of a role cannot be changed',
  }
}

async function createRole(ctx: StepContext, kind: IrsaRole, description: string): Promise<void> {
  const name = ctx.config.irsa[kind].roleName
  const { trust, policy, inputs } = await roleDocuments(ctx, kind, undefined)
  const tags = { ...ownTags(ctx), [INPUTS_TAG]: inputs }
  const permissionsBoundary = ctx.config.aws.permissionsBoundary
  await ctx.iam.createRole(
    { name, trust, tags, description, ...(permissionsBoundary && { permissionsBoundary }) },
    ctx.signal,
  )
  if (policy) await ctx.iam.putInlinePolicy(name, INLINE_POLICY[kind], policy, ctx.signal)
}

async function correctRole(ctx: StepContext, kind: IrsaRole, role: Role): Promise<void> {
  const cause = incurable(ctx, role)
  if (cause) throw new StepError(cause.code, cause.message, { hint: cause.hint })
  const { trust, policy, inputs } = await roleDocuments(ctx, kind, role)
  const inline = INLINE_POLICY[kind]
  const live = role.inline[inline]
  if (ownerOf(role.tags) === undefined) await ctx.iam.tagRole(role.name, ownTags(ctx), ctx.signal)
  if (!samePolicy(role.trust, trust)) await ctx.iam.updateTrust(role.name, trust, ctx.signal)
  if (policy === undefined) await ctx.iam.removeInlinePolicy(role.name, inline, ctx.signal)
  else if (live === undefined || !samePolicy(live, policy)) {
    await ctx.iam.putInlinePolicy(role.name, inline, policy, ctx.signal)
  }
  // Last: a run that dies before has not brought the role to what is wanted.
  if (role.tags[INPUTS_TAG] !== inputs) await ctx.iam.tagRole(role.name, { [INPUTS_TAG]: inputs }, ctx.signal)
}

async function removeRole(ctx: StepContext, kind: IrsaRole, role: Role): Promise<void> {
  const { foreign } = await roleDocuments(ctx, kind, role)
  const kept = foreign.filter((one) => one.startsWith('inline policy') || one.startsWith('attached policy'))
  if (kept.length > 0) {
    throw new StepError('RoleInUse', `${roleTarget(role.name)} carries what others added: ${kept.join(', ')}`, {
      hint: 'remove or detach these, then run destroy again',
    })
  }
  await ctx.iam.removeInlinePolicy(role.name, INLINE_POLICY[kind], ctx.signal)
  await ctx.iam.removeRole(role.name, ctx.signal)
}
