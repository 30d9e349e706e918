import { readdirSync, readFileSync } from 'node:fs'
import { describe, expect, it } from 'vitest'
import type { PolicyDocument } from '../../src/ports/index.ts'
import { accessWords, neededAccess } from '../../steps/doctor/kube-access.ts'
import { toolPolicy } from '../../steps/permissions/aws-actions.ts'
import { toolClusterRole } from '../../steps/permissions/cluster-role.ts'
import { runCli } from '../cli/run-cli.ts'
import { fakeWorld } from '../fakes/fake-world.ts'

const ADAPTERS = new URL('../../src/adapters/aws/', import.meta.url)
/** Ask for no right of ours: who we are, and what a token stands for. Source: STS API reference, both pages. */
const FREE = ['sts:GetCallerIdentity', 'sts:AssumeRoleWithWebIdentity']

/** Every call that the adapters can send, as IAM names it. */
function possibleCalls(): readonly string[] {
  return readdirSync(ADAPTERS)
    .filter((name) => name.endsWith('.ts'))
    .flatMap((name) => {
      const text = readFileSync(new URL(name, ADAPTERS), 'utf8')
      const service = /service: '(\w+)'/.exec(text)?.[1]
      return [...text.matchAll(/new (?:sdk\.)?(\w+)Command\(/g)].map(([, operation]) => `${service}:${operation}`)
    })
}

const actionsOf = ({ Statement }: PolicyDocument) => Statement.flatMap(({ Action }) => Action as string[])

describe('the IAM policy of llmgw itself', () => {
  const world = fakeWorld()

  it('allows every call that the program can send, and no other', () => {
    const possible = [...new Set(possibleCalls())].filter((call) => !FREE.includes(call)).sort()
    expect(possible.length).toBeGreaterThan(15)
    expect([...actionsOf(toolPolicy(world))].sort()).toEqual(possible)
  })

  it('allows nothing on everything but listing and simulating', () => {
    const wide = toolPolicy(world).Statement.filter(({ Resource }) => Resource === '*')
    expect(wide.map(({ Sid }) => Sid)).toEqual(['Simulate', 'ListSecrets', 'ListClusters'])
    expect(JSON.stringify(toolPolicy(world))).not.toMatch(/:\*"/)
  })

  it('is about the secrets of both layouts, whichever is configured, and no other', () => {
    const secretsIn = (layout: string) =>
      toolPolicy(fakeWorld({ config: { secrets: { layout } } }))
        .Statement.filter(({ Sid }) => /Secret(s|Versions)$/.test(String(Sid)) && Sid !== 'ListSecrets')
        .map(({ Resource }) => JSON.stringify(Resource))
    const [first, ...rest] = [...secretsIn('split'), ...secretsIn('bundle')]
    expect(rest).toEqual(Array.from({ length: 5 }, () => first))
    const names = (JSON.parse(first ?? '[]') as string[]).map((arn) => arn.replace(/^.*:secret:/, ''))
    const remotes = Object.values(world.config.secrets.items).map(({ remote }) => `${remote}-??????`)
    expect(names).toEqual([...remotes, 'llm-gateway/api-keys-??????'])
  })

  it('allows the key only where there is one', () => {
    const kmsKeyArn = 'arn:aws:kms:us-east-1:123456789012:key/abc'
    const with_ = toolPolicy(fakeWorld({ config: { secrets: { kmsKeyArn } } }))
    expect(actionsOf(with_)).toEqual([...actionsOf(toolPolicy(world)), 'kms:GenerateDataKey', 'kms:Decrypt'])
  })

  it('has no statement twice', () => {
    const sids = toolPolicy(world).Statement.map(({ Sid }) => Sid)
    expect(new Set(sids).size).toBe(sids.length)
  })
})

interface Rule {
  readonly apiGroups: readonly string[]
  readonly resources: readonly string[]
  readonly verbs: readonly string[]
}

/** Kinds that are in no cluster, in the sandbox alone, or that everybody may ask for. */
const NOT_LISTED = /^(Config|DeleteOptions|PortForward|SelfSubjectAccessReview|TokenRequest)$/

/** `apiVersion` beside `kind` in the source, as group and plural. */
function kindsInSource(): readonly (readonly [group: string, plural: string])[] {
  const files = ['src', 'steps'].flatMap((room) => {
    const root = new URL(`../../${room}/`, import.meta.url)
    return readdirSync(root, { recursive: true, encoding: 'utf8' })
      .filter((name) => name.endsWith('.ts') && !name.startsWith('sandbox/'))
      .map((name) => readFileSync(new URL(name, root), 'utf8'))
  })
  const pairs = files.flatMap((text) => [
    ...text.matchAll(/apiVersion: '([\w./-]+)',\s*kind: '([A-Z]\w+)'/g),
    ...text.matchAll(/\['((?:[\w.-]+\/)?v\d\w*)', '([A-Z]\w+)'\]/g),
  ])
  const kinds = pairs.map(([, version = '', kind = '']) => [version, kind] as const)
  return kinds.flatMap(([version, kind]) => {
    const group = version.includes('/') ? version.replace(/\/.*$/, '') : ''
    const plural = kind.toLowerCase().replace(/s$/, 'se').replace(/y$/, 'ie')
    return NOT_LISTED.test(kind) ? [] : [[group, `${plural}s`] as const]
  })
}

describe('the ClusterRole of llmgw itself', () => {
  const { config } = fakeWorld()
  const rules = toolClusterRole(config).rules as readonly Rule[]
  const allows = (group: string, resource: string, verb: string) =>
    rules.some(
      (rule) => rule.apiGroups.includes(group) && rule.resources.includes(resource) && rule.verbs.includes(verb),
    )

  it('allows everything that doctor asks about', () => {
    const lacking = neededAccess(config).filter(({ group, resource, verb }) => !allows(group, resource, verb))
    expect(lacking.map(accessWords)).toEqual([])
    expect(neededAccess(config).length).toBeGreaterThan(50)
  })

  it('has no wildcard but for listing what charts bring kinds of, and lets roles be granted but nothing be impersonated', () => {
    const wide = rules.filter((rule) => JSON.stringify(rule).includes('"*"'))
    expect(wide).toEqual([{ apiGroups: expect.any(Array), resources: ['*'], verbs: ['list'] }])
    expect(
      wide[0]?.apiGroups.filter((group) => !/^[a-z-]+(\.[a-z-]+)+$/.test(group) || group.endsWith('k8s.io')),
    ).toEqual([])
    expect(JSON.stringify(rules)).not.toContain('impersonate')
    expect(allows('rbac.authorization.k8s.io', 'clusterroles', 'escalate')).toBe(true)
    expect(allows('', 'pods', 'delete')).toBe(false)
    expect(allows('', 'pods/exec', 'create')).toBe(false)
    // Keys, `verify` and `forward` reach pods as kubectl port-forward does.
    expect(allows('', 'pods/portforward', 'create')).toBe(true)
  })

  it('allows every kind that the program asks for by name to be listed', () => {
    const asked = kindsInSource()
    expect(asked.length).toBeGreaterThan(25)
    const listed = (group: string, plural: string) => allows(group, plural, 'list') || allows(group, '*', 'list')
    expect(asked.filter(([group, plural]) => !listed(group, plural))).toEqual([])
  })

  it('names each kind in one rule', () => {
    const kinds = rules.flatMap(({ apiGroups, resources }) =>
      resources.map((resource) => `${apiGroups[0]}/${resource}`),
    )
    expect(new Set(kinds).size).toBe(kinds.length)
  })
})

describe('llmgw permissions', () => {
  it('prints both without asking anybody', async () => {
    const iam = await runCli('permissions iam')
    expect(JSON.parse(iam.stdout)).toMatchObject({ Version: '2012-10-17' })
    expect(iam.stdout).toContain('arn:aws:iam::123456789012:oidc-provider/oidc.eks.us-east-1.amazonaws.com/id/*')
    expect((await runCli('permissions cluster')).stdout).toMatch(/^apiVersion: rbac[\s\S]*name: llmgw-llmgw/)
  })

  it('names no account that nobody named', async () => {
    const file = 'apiVersion: llmgw/v1\naws: { region: us-east-1 }\ncluster: { name: test }\n'
    const { code, stderr } = await runCli('permissions iam', { file })
    expect([code, stderr]).toEqual([2, expect.stringContaining('names none')])
  })
})
