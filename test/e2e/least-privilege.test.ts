import { join } from 'node:path'
import { afterEach, beforeAll, expect, test } from 'vitest'
import { parse } from 'yaml'
import type { PolicyDocument } from '../../src/ports/index.ts'
import { useDeployedSandbox } from './world/deployed.ts'
import { type Ended, llmgw } from './world/llmgw.ts'
import { WHOLE } from './world/platform.ts'
import type { Seen } from './world/recording-proxy.ts'
import { awsUserWith, bindingOf, type Role, rightsIn, rightsOf, without } from './world/rights.ts'
import { type Proxied, throughProxies } from './world/through-proxies.ts'

const sandbox = useDeployedSandbox('e2e-rights', { deploy: false })

const PROVIDED = {
  LLMGW_SECRET_OIDC_CLIENT_ID: 'rights-client',
  LLMGW_SECRET_OIDC_CLIENT_SECRET: 'rights-client-secret',
  LLMGW_SECRET_OIDC_PROVIDER_URL: 'https://login.invalid/.well-known/openid-configuration',
}

/** As `llmgw permissions` prints them. */
let role: Role
let policy: PolicyDocument
const opened: Proxied[] = []

interface Person {
  readonly proxied: Proxied
  /** Of the calls that the person signed. */
  readonly keyId: string
  run(words: string, more?: Readonly<Record<string, string>>): Promise<Ended>
}

/** Somebody who has these rights in cluster and account, and no others; both APIs hold each call against them. */
async function personWith(name: string, cluster: Role, account: PolicyDocument): Promise<Person> {
  const own = { ...cluster, metadata: { name } }
  await sandbox.at.kube.apply(own)
  await sandbox.at.kube.apply(bindingOf(own, name))
  const credentials = await awsUserWith(sandbox.connection, name, JSON.stringify(account))
  const proxied = await throughProxies(sandbox.connection, {}, WHOLE, name)
  opened.push(proxied)
  const keyId = credentials.AWS_ACCESS_KEY_ID ?? ''
  return { proxied, keyId, run: (words, more) => run(words, proxied, { ...credentials, ...more }) }
}

async function run(words: string, { config }: Proxied, env: Readonly<Record<string, string>>): Promise<Ended> {
  const helm = sandbox.connection.helm.replace(/\/helm$/, '')
  return await llmgw([...words.split(' '), '--config', config], {
    env: { ...sandbox.env, ...env, ...PROVIDED, PATH: `${helm}:${sandbox.env.PATH}`, INTERACTIVE_MODE: 'false' },
  })
}

beforeAll(async () => {
  const nobody = await throughProxies(sandbox.connection, {}, WHOLE)
  role = parse((await run('permissions cluster', nobody, {})).stdout) as Role
  policy = JSON.parse((await run('permissions iam', nobody, {})).stdout) as PolicyDocument
  await nobody.close()
})

afterEach(async () => {
  await Promise.all(opened.splice(0).map((proxied) => proxied.close()))
})

const RBAC = 'rbac.authorization.k8s.io'
const written = (kind: string): readonly string[] => ['create', 'delete', 'patch'].map((verb) => `${verb} ${kind}`)

/** Rights that no call of these runs witnesses, each with its reason. */
const UNSEEN = {
  cluster: [
    // The API server asks for them by itself: where a chart brings a role, and where a connection to a pod is upgraded.
    ...['bind', 'escalate'].flatMap((verb) => [`${verb} ${RBAC}/clusterroles`, `${verb} ${RBAC}/roles`]),
    'create /pods/portforward',
    // The sandbox has a default class, no Karpenter, and no chart with a mutating webhook.
    ...written('storage.k8s.io/storageclasses'),
    ...written('admissionregistration.k8s.io/mutatingwebhookconfigurations'),
    'read karpenter.sh/nodepools',
    // Of other configurations: replicas by load, servers of tools.
    ...written('autoscaling/horizontalpodautoscalers'),
    ...written('constraints.gatekeeper.sh/llmgwmcpserverauthentication'),
  ],
  aws: [
    // AWS asks for it by itself where a secret is made with tags.
    'secretsmanager:TagResource',
    // Of other days: clusters that `init` offers, roles that somebody changed.
    'eks:ListClusters',
    'iam:UpdateAssumeRolePolicy',
  ],
}

/** It asks Gatekeeper's webhook whether it is asked: refused by it, as it must be, and not for want of a right. */
const isWebhookProbe = ({ path }: Seen): boolean => path.includes('llmgw-webhook-probe')

test('the printed rights suffice from the first deploy to the end, and hold nothing that no call needs', async () => {
  const { proxied, keyId, run } = await personWith('llmgw-tool', role, policy)
  const bundled = { LLMGW_SECRETS_LAYOUT: 'bundle' }
  for (const [words, more] of [
    ['deploy all'],
    ['deploy all'],
    ['verify'],
    // There and back: the old ones are retired, and restored with their values.
    ['secrets migrate --retire --yes', bundled],
    ['secrets migrate --retire --yes'],
    ['secrets rotate webui-secret-key --yes'],
    [`support-bundle -o ${join(sandbox.connection.dir, 'support.tar.gz')}`],
    ['destroy all --yes --confirm llmgw --purge-secrets --delete-crds --delete-volumes'],
  ] as const) {
    const ended = await run(words, more)
    expect(ended.code, `${words}\n${ended.output}`).toBe(0)
  }
  const { kube } = proxied
  // `verify` takes on the roles of pods, and tries what they may not do.
  const own = proxied.aws.seen.filter(({ authorization }) => authorization.includes(keyId))
  const refused = [...kube.seen, ...own].filter((seen) => seen.status === 403 && !isWebhookProbe(seen))
  expect(refused.map(({ operation }) => operation)).toEqual([])

  const needed = new Set(kube.seen.flatMap(rightsOf))
  const called = new Set(own.map(({ operation }) => operation))
  // A REST call, which has no action in it.
  if (called.has(`GET /clusters/${sandbox.connection.aws.clusterName}`)) called.add('DescribeCluster')
  const actions = policy.Statement.flatMap(({ Action }) => [Action].flat() as string[])
  const idle = {
    cluster: rightsIn(role).filter((right) => !needed.has(right)),
    aws: actions.filter((action) => !called.has(action.replace(/^\w+:/, ''))),
  }
  expect({ cluster: idle.cluster.sort(), aws: idle.aws.sort() }).toEqual({
    cluster: [...UNSEEN.cluster].sort(),
    aws: [...UNSEEN.aws].sort(),
  })
}, 900_000)

test.each([
  ['looking at a kind', undefined, /CouldNotLook/],
  ['making it', ['create'], /not allowed: create networkpolicies\.networking\.k8s\.io/],
] as const)('without the right of %s a run is refused before it writes anything', async (what, verbs, reason) => {
  const name = `lacks-${what.replaceAll(' ', '-')}`
  const { proxied, run } = await personWith(name, without(role, 'networkpolicies', verbs), policy)
  const ended = await run('deploy all')
  expect([ended.code, ended.output]).toEqual([3, expect.stringMatching(reason)])
  expect([...proxied.kube.seen, ...proxied.aws.seen].filter(({ write }) => write)).toEqual([])
})

test('without one of the printed actions AWS refuses, and the run ends with its words', async () => {
  const Statement = policy.Statement.map((one) => ({
    ...one,
    Action: [one.Action].flat().filter((action) => action !== 'iam:CreateRole'),
  }))
  const { run } = await personWith('lacks-roles', role, { ...policy, Statement })
  const ended = await run('deploy irsa')
  expect([ended.code, ended.output]).toEqual([1, expect.stringMatching(/AwsDenied[\s\S]*iam:CreateRole/)])
})
