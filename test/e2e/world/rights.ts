import { CreateAccessKeyCommand, CreateUserCommand, IAMClient, PutUserPolicyCommand } from '@aws-sdk/client-iam'
import type { KubeObject } from '../../../src/ports/index.ts'
import type { SandboxConnection } from '../../../src/sandbox/index.ts'
import type { Seen } from './recording-proxy.ts'

const RBAC = 'rbac.authorization.k8s.io'

interface Rule {
  readonly apiGroups: readonly string[]
  readonly resources: readonly string[]
  readonly verbs: readonly string[]
}

export type Role = KubeObject & { readonly rules: readonly Rule[] }

/** Gives a user of the API server exactly this role. */
export function bindingOf(role: Role, user: string): KubeObject {
  return {
    apiVersion: `${RBAC}/v1`,
    kind: 'ClusterRoleBinding',
    metadata: { name: role.metadata.name },
    roleRef: { apiGroup: RBAC, kind: 'ClusterRole', name: role.metadata.name },
    subjects: [{ apiGroup: RBAC, kind: 'User', name: user }],
  }
}

/** A user of the emulator's account who may do what these policies say, each call held against them. */
export async function awsUserWith(
  { aws: { endpoint, region, accessKeyId, secretAccessKey } }: SandboxConnection,
  name: string,
  policy: string,
): Promise<Readonly<Record<string, string>>> {
  const iam = new IAMClient({ endpoint, region, credentials: { accessKeyId, secretAccessKey } })
  try {
    await iam.send(new CreateUserCommand({ UserName: name }))
    await iam.send(new PutUserPolicyCommand({ UserName: name, PolicyName: 'printed', PolicyDocument: policy }))
    const { AccessKey } = await iam.send(new CreateAccessKeyCommand({ UserName: name }))
    return { AWS_ACCESS_KEY_ID: AccessKey?.AccessKeyId ?? '', AWS_SECRET_ACCESS_KEY: AccessKey?.SecretAccessKey ?? '' }
  } finally {
    iam.destroy()
  }
}

const VERBS: Readonly<Record<string, string>> = { POST: 'create', PUT: 'update', PATCH: 'patch', DELETE: 'delete' }
const READS = ['get', 'list', 'watch']
/** Whoever may do one of these with a kind learns what the others tell. */
const wordOf = (verb: string): string => (READS.includes(verb) ? 'read' : verb)

/**
 * `verb group/resource`, as RBAC words a call to the API server: `read` for looking, `create` too where an apply made the
 * object; none for what everybody may ask.
 */
export function rightsOf({ method, path, status }: Seen): readonly string[] {
  const [, group = '', rest = ''] =
    /^\/(?:api|apis\/([^/]+))\/v\w+\/(.*)$/.exec(new URL(path, 'http://api').pathname) ?? []
  const parts = rest.split('/')
  const [resource, , subresource] = parts[0] === 'namespaces' && parts.length > 2 ? parts.slice(2) : parts
  if (!resource || resource.startsWith('selfsubject')) return []
  const kind = `${group}/${resource}${subresource === undefined ? '' : `/${subresource}`}`
  const verb = VERBS[method] ?? 'read'
  return [`${verb} ${kind}`, ...(verb === 'patch' && status === 201 ? [`create ${kind}`] : [])]
}

/** Every right of a role in these words; what it has for a whole group is left out. */
export const rightsIn = ({ rules }: Pick<Role, 'rules'>): readonly string[] => [
  ...new Set(
    rules.flatMap(({ apiGroups, resources, verbs }) =>
      apiGroups.flatMap((group) =>
        resources
          .filter((resource) => resource !== '*')
          .flatMap((resource) => verbs.map((verb) => `${wordOf(verb)} ${group}/${resource}`)),
      ),
    ),
  ),
]

/** The same role without these rights on a kind; all of them unless told. */
export const without = (role: Role, resource: string, verbs?: readonly string[]): Role => ({
  ...role,
  rules: role.rules
    .flatMap((rule) => {
      const others = { ...rule, resources: rule.resources.filter((one) => one !== resource) }
      const left = verbs === undefined ? [] : rule.verbs.filter((verb) => !verbs.includes(verb))
      return rule.resources.includes(resource) ? [others, { ...rule, resources: [resource], verbs: left }] : [rule]
    })
    .filter(({ resources, verbs: left }) => resources.length > 0 && left.length > 0),
})
