import { StepError } from '../../src/errors.ts'
import type { Iam, Role } from '../../src/ports/index.ts'
import { parsePolicy } from '../../src/ports/policy.ts'
import type { Enter, FakeAwsState } from './fake-aws.ts'

function getRole(state: FakeAwsState, name: string): Role {
  const role = state.roles.get(name)
  if (!role) throw new StepError('NotFound', `iam role ${name} does not exist`)
  return role
}

const fits = (patterns: unknown, value: string): boolean =>
  [patterns].flat().some((pattern) => matchesGlob(value, String(pattern)))

/** By the policies in it: a Deny goes before every Allow. Conditions count as met. */
function permits({ inline }: Role, action: string, resource: string): boolean {
  const concerned = Object.values(inline)
    .flatMap((document) => parsePolicy(document).Statement)
    .filter(({ Action, Resource }) => fits(Action, action) && fits(Resource, resource))
  return concerned.length > 0 && concerned.every(({ Effect }) => Effect === 'Allow')
}

/** `*` stands for any run of characters, `?` for one. */
function matchesGlob(value: string, pattern: string): boolean {
  const parts = [...pattern].map((char) => (char === '*' ? '.*' : char === '?' ? '.' : char.replace(/[^\w]/, '\\$&')))
  return new RegExp(`^${parts.join('')}$`, 's').test(value)
}

type Change = (name: string, fields: Partial<Role>) => void

/** IAM in memory; roles are stored by name. */
export function createFakeIam(state: FakeAwsState, enter: Enter): Iam {
  const change: Change = (name, fields) => {
    state.roles.set(name, { ...getRole(state, name), ...fields })
  }
  return {
    async findRole(name, signal) {
      enter('iam.findRole', name, signal)
      return structuredClone(state.roles.get(name))
    },
    async findOidcProvider(arn, signal) {
      enter('iam.findOidcProvider', arn, signal)
      return state.oidcProviders.get(arn)
    },
    async simulate({ principal, actions, resources }, signal) {
      enter('iam.simulate', principal, signal)
      const role = [...state.roles.values()].find(({ arn }) => arn === principal)
      if (role === undefined && principal.includes(':role/'))
        throw new StepError('NotFound', `${principal} does not exist`)
      const allows = (action: string, resource: string) =>
        !state.deniedActions.has(action) && (role === undefined || permits(role, action, resource))
      return actions.flatMap((action) =>
        resources.map((resource) => ({ action, resource, allowed: allows(action, resource) })),
      )
    },
    ...roleLife(state, enter),
    ...roleChanges(state, enter, change),
  }
}

function roleLife(state: FakeAwsState, enter: Enter): Pick<Iam, 'createRole' | 'removeRole'> {
  return {
    async createRole(role, signal) {
      enter('iam.createRole', role.name, signal)
      if (state.roles.has(role.name)) throw new StepError('AlreadyExists', `iam role ${role.name} already exists`)
      const { name, trust, tags, permissionsBoundary } = structuredClone(role)
      state.roles.set(name, {
        name,
        arn: `arn:${state.partition}:iam::${state.accountId}:role/${name}`,
        trust,
        inline: {},
        attached: [],
        tags,
        maxSessionSeconds: 3600,
        ...(permissionsBoundary === undefined ? {} : { permissionsBoundary }),
      })
    },
    async removeRole(name, signal) {
      enter('iam.removeRole', name, signal)
      const role = state.roles.get(name)
      if (!role) return false
      if (Object.keys(role.inline).length > 0 || role.attached.length > 0)
        throw new StepError('AwsFailed', `aws iam DeleteRole (role ${name}) failed: DeleteConflictException`, {
          cause: 'Cannot delete entity, must delete policies first.',
        })
      return state.roles.delete(name)
    },
  }
}

type RoleChanges = Pick<Iam, 'updateTrust' | 'putInlinePolicy' | 'removeInlinePolicy' | 'tagRole'>

function roleChanges(state: FakeAwsState, enter: Enter, change: Change): RoleChanges {
  return {
    async updateTrust(name, trust, signal) {
      enter('iam.updateTrust', name, signal)
      change(name, { trust: structuredClone(trust) })
    },
    async putInlinePolicy(name, policy, document, signal) {
      enter('iam.putInlinePolicy', `${name} ${policy}`, signal)
      change(name, { inline: { ...getRole(state, name).inline, [policy]: structuredClone(document) } })
    },
    async removeInlinePolicy(name, policy, signal) {
      enter('iam.removeInlinePolicy', `${name} ${policy}`, signal)
      const role = state.roles.get(name)
      if (!role || !(policy in role.inline)) return false
      const { [policy]: _removed, ...inline } = role.inline
      change(name, { inline })
      return true
    },
    async tagRole(name, tags, signal) {
      enter('iam.tagRole', name, signal)
      change(name, { tags: { ...getRole(state, name).tags, ...tags } })
    },
  }
}
