import type { Iam, PolicyDocument, Role, Tags } from '../../ports/index.ts'
import { parsePolicy, samePolicy } from '../../ports/policy.ts'
import { readShared } from '../shared-reads.ts'
import { noteAttempts } from './attempts.ts'
import { allPages, type Caller, falseIfAbsent, hasCode, lazy, undefinedIfAbsent } from './call.ts'
import type { ClientSettings } from './connection.ts'
import type { IamSession } from './iam-session.ts'
import { simulate } from './simulate.ts'
import { untilVisible } from './until-visible.ts'

/** IAM through the SDK. Writes return once a read shows them: IAM is eventually consistent. */
export function createIam(settings: () => ClientSettings, call: Caller): Iam {
  const load = lazy(async () => {
    const sdk = await import('@aws-sdk/client-iam')
    return { sdk, client: noteAttempts(new sdk.IAMClient(settings())) }
  })
  const session = { load, call }
  return { ...reads(session), ...roleWrites(session), ...policyWrites(session) }
}

const about = (operation: string, object: string) => ({ service: 'iam', operation, object })

function reads(session: IamSession): Pick<Iam, 'findRole' | 'findOidcProvider' | 'simulate'> {
  return {
    simulate: (request, signal) => simulate(session, request, signal),
    findRole: (name, signal) =>
      readShared(session, { key: `role ${name}`, signal }, () => findRole(session, name, signal)),
    async findOidcProvider(arn, signal) {
      const answer = await undefinedIfAbsent(
        session.call(about('GetOpenIDConnectProvider', `OIDC provider ${arn}`), signal, async (abortSignal) => {
          const { sdk, client } = await session.load()
          return client.send(new sdk.GetOpenIDConnectProviderCommand({ OpenIDConnectProviderArn: arn }), {
            abortSignal,
          })
        }),
      )
      return answer && { arn, url: answer.Url ?? '', audiences: answer.ClientIDList ?? [] }
    },
  }
}

async function findRole(session: IamSession, name: string, signal?: AbortSignal): Promise<Role | undefined> {
  const [found, inline, attached] = await Promise.all([
    getRole(session, name, signal),
    undefinedIfAbsent(inlinePolicies(session, name, signal)),
    undefinedIfAbsent(attachedPolicies(session, name, signal)),
  ])
  return found && { ...found, inline: inline ?? {}, attached: attached ?? [] }
}

type BareRole = Omit<Role, 'inline' | 'attached'>

async function getRole(session: IamSession, name: string, signal?: AbortSignal): Promise<BareRole | undefined> {
  const answer = await undefinedIfAbsent(
    session.call(about('GetRole', `role ${name}`), signal, async (abortSignal) => {
      const { sdk, client } = await session.load()
      return client.send(new sdk.GetRoleCommand({ RoleName: name }), { abortSignal })
    }),
  )
  const role = answer?.Role
  if (!role) return undefined
  const permissionsBoundary = role.PermissionsBoundary?.PermissionsBoundaryArn
  return {
    name,
    arn: role.Arn ?? '',
    trust: parsePolicy(role.AssumeRolePolicyDocument ?? '{}'),
    tags: Object.fromEntries((role.Tags ?? []).map(({ Key = '', Value = '' }) => [Key, Value])),
    maxSessionSeconds: role.MaxSessionDuration ?? 3600,
    ...(permissionsBoundary ? { permissionsBoundary } : {}),
  }
}

async function inlinePolicies(
  session: IamSession,
  role: string,
  signal?: AbortSignal,
): Promise<Readonly<Record<string, PolicyDocument>>> {
  const names = await session.call(about('ListRolePolicies', `role ${role}`), signal, async (abortSignal) => {
    const { sdk, client } = await session.load()
    return allPages(async (Marker) => {
      const page = await client.send(new sdk.ListRolePoliciesCommand({ RoleName: role, Marker }), { abortSignal })
      return { items: page.PolicyNames ?? [], next: page.IsTruncated ? page.Marker : undefined }
    })
  })
  const documents = await Promise.all(names.map((policy) => getInlinePolicy(session, role, policy, signal)))
  return Object.fromEntries(
    names.flatMap((policy, index) => {
      const document = documents[index]
      return document ? [[policy, document]] : []
    }),
  )
}

function getInlinePolicy(session: IamSession, role: string, policy: string, signal?: AbortSignal) {
  return undefinedIfAbsent(
    session.call(about('GetRolePolicy', `policy ${policy} of role ${role}`), signal, async (abortSignal) => {
      const { sdk, client } = await session.load()
      const input = { RoleName: role, PolicyName: policy }
      const { PolicyDocument } = await client.send(new sdk.GetRolePolicyCommand(input), { abortSignal })
      return parsePolicy(PolicyDocument ?? '{}')
    }),
  )
}

function attachedPolicies(session: IamSession, role: string, signal?: AbortSignal): Promise<readonly string[]> {
  return session.call(about('ListAttachedRolePolicies', `role ${role}`), signal, async (abortSignal) => {
    const { sdk, client } = await session.load()
    return allPages(async (Marker) => {
      const page = await client.send(new sdk.ListAttachedRolePoliciesCommand({ RoleName: role, Marker }), {
        abortSignal,
      })
      const items = (page.AttachedPolicies ?? []).flatMap(({ PolicyArn }) => PolicyArn ?? [])
      return { items, next: page.IsTruncated ? page.Marker : undefined }
    })
  })
}

const sdkTags = (tags: Tags) => Object.entries(tags).map(([Key, Value]) => ({ Key, Value }))

type NewRole = Parameters<Iam['createRole']>[0]

function roleWrites(session: IamSession): Pick<Iam, 'createRole' | 'updateTrust' | 'tagRole' | 'removeRole'> {
  const { call, load } = session
  return {
    async createRole(role, signal) {
      const created = call(about('CreateRole', `role ${role.name}`), signal, async (abortSignal) => {
        const { sdk, client } = await load()
        return client.send(new sdk.CreateRoleCommand(createInput(role)), { abortSignal })
      })
      await created.catch(async (refusal) => {
        if (!hasCode(refusal, 'AlreadyExists')) throw refusal
        // A first try may have gone through although its answer was lost: then this very role is there.
        const live = await getRole(session, role.name, signal)
        if (!sameTrust(live, role.trust) || !hasTags(live, role.tags)) throw refusal
      })
      await untilVisible(async () => (await getRole(session, role.name, signal)) !== undefined, signal)
    },
    async updateTrust(name, trust, signal) {
      await call(about('UpdateAssumeRolePolicy', `role ${name}`), signal, async (abortSignal) => {
        const { sdk, client } = await load()
        const input = { RoleName: name, PolicyDocument: JSON.stringify(trust) }
        return client.send(new sdk.UpdateAssumeRolePolicyCommand(input), { abortSignal })
      })
      await untilVisible(async () => sameTrust(await getRole(session, name, signal), trust), signal)
    },
    async tagRole(name, tags, signal) {
      await call(about('TagRole', `role ${name}`), signal, async (abortSignal) => {
        const { sdk, client } = await load()
        return client.send(new sdk.TagRoleCommand({ RoleName: name, Tags: sdkTags(tags) }), { abortSignal })
      })
      await untilVisible(async () => hasTags(await getRole(session, name, signal), tags), signal)
    },
    removeRole: (name, signal) =>
      falseIfAbsent(
        call(about('DeleteRole', `role ${name}`), signal, async (abortSignal) => {
          const { sdk, client } = await load()
          return client.send(new sdk.DeleteRoleCommand({ RoleName: name }), { abortSignal })
        }),
      ),
  }
}

const createInput = ({ name, trust, tags, description, permissionsBoundary }: NewRole) => ({
  RoleName: name,
  AssumeRolePolicyDocument: JSON.stringify(trust),
  Description: description,
  Tags: sdkTags(tags),
  ...(permissionsBoundary === undefined ? {} : { PermissionsBoundary: permissionsBoundary }),
})

const sameTrust = (role: BareRole | undefined, trust: PolicyDocument): boolean =>
  role !== undefined && samePolicy(role.trust, trust)

const hasTags = (role: BareRole | undefined, tags: Tags): boolean =>
  Object.entries(tags).every(([key, value]) => role?.tags[key] === value)

function policyWrites(session: IamSession): Pick<Iam, 'putInlinePolicy' | 'removeInlinePolicy'> {
  const { call, load } = session
  return {
    async putInlinePolicy(role, policy, document, signal) {
      await call(about('PutRolePolicy', `role ${role}`), signal, async (abortSignal) => {
        const { sdk, client } = await load()
        const input = { RoleName: role, PolicyName: policy, PolicyDocument: JSON.stringify(document) }
        return client.send(new sdk.PutRolePolicyCommand(input), { abortSignal })
      })
      await untilVisible(async () => {
        const live = await getInlinePolicy(session, role, policy, signal)
        return live !== undefined && samePolicy(live, document)
      }, signal)
    },
    removeInlinePolicy: (role, policy, signal) =>
      falseIfAbsent(
        call(about('DeleteRolePolicy', `policy ${policy} of role ${role}`), signal, async (abortSignal) => {
          const { sdk, client } = await load()
          return client.send(new sdk.DeleteRolePolicyCommand({ RoleName: role, PolicyName: policy }), { abortSignal })
        }),
      ),
  }
}
