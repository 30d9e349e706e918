import { chmod, mkdtemp, rm, writeFile } from 'node:fs/promises'
import { createServer } from 'node:net'
import { tmpdir } from 'node:os'
import { dirname, join } from 'node:path'
import { CreateAccessKeyCommand, CreateUserCommand, IAMClient, PutUserPolicyCommand } from '@aws-sdk/client-iam'
import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import { useDeployedSandbox } from './world/deployed.ts'
import { editFile } from './world/edit-file.ts'
import { type Ended, llmgw } from './world/llmgw.ts'
import { REMOTE_SECRETS, ROLES } from './world/platform.ts'
import { snapshot } from './world/snapshot.ts'
import { type Proxied, throughProxies } from './world/through-proxies.ts'

const sandbox = useDeployedSandbox('e2e-guard', { deploy: false })
const state = () => snapshot(sandbox.at, { roles: ROLES, secrets: REMOTE_SECRETS })

let dir: string
let secretsFile: string
let before: Readonly<Record<string, string>>

beforeAll(async () => {
  dir = await mkdtemp(join(tmpdir(), 'llmgw-guard-'))
  secretsFile = join(dir, 'provided.env')
  await writeFile(secretsFile, '', { mode: 0o600 })
  before = await state()
  // Something is there to be compared: objects, the absence of roles, and the secrets that a platform team provides.
  expect(Object.keys(before).length).toBeGreaterThan(ROLES.length + REMOTE_SECRETS.length)
})
afterAll(async () => await rm(dir, { recursive: true, force: true }))

type Tree = Record<string, unknown>
/** Every level of a configuration may be written to. */
type Settings = Record<'aws' | 'storage', Tree> & { cluster: { name: string; connection: Tree & { path: string } } }

interface Trouble {
  /** Changes the configuration that leads to the sandbox through both proxies. */
  readonly edit?: (config: Settings, proxied: Proxied) => void | Promise<void>
  readonly env?: Readonly<Record<string, string>>
  readonly command?: string
}

/** The way of a real account: a configuration with pins, credentials in the environment. */
async function run({ edit, env = {}, command = 'deploy all --yes' }: Trouble): Promise<Ended> {
  const proxied = await throughProxies(sandbox.connection, {})
  try {
    await editFile(proxied.config, async (config) => await edit?.(config as Settings, proxied))
    const args = [...command.split(' '), '--config', proxied.config, '--secrets-file', secretsFile]
    const path = `${dirname(sandbox.connection.helm)}:${sandbox.env.PATH}`
    return await llmgw(args, { env: { ...sandbox.env, ...proxied.env, PATH: path, ...env } })
  } finally {
    await proxied.close()
  }
}

/** The error, the next command, the exit code, and a world as it was. */
async function expectRefused(ended: Ended, code: number, error: RegExp, next: RegExp): Promise<void> {
  expect(ended.code, ended.output).toBe(code)
  expect(ended.stderr).toMatch(error)
  expect(ended.stderr).toMatch(next)
  expect(await state()).toEqual(before)
}

const faults = (entries: readonly Tree[]) =>
  writeFile(join(sandbox.connection.dir, 'aws', 'faults.json'), JSON.stringify(entries))

/** A port that nobody listens on any more. */
async function closedPort(): Promise<number> {
  const server = createServer().listen(0, '127.0.0.1')
  await new Promise((resolve) => server.once('listening', resolve))
  const { port } = server.address() as { port: number }
  await new Promise((resolve) => server.close(resolve))
  return port
}

describe.sequential('the wrong place', () => {
  test('account: the credentials belong to another one than the file pins', async () => {
    const ended = await run({ edit: ({ aws }) => void Object.assign(aws, { accountId: '210987654321' }) })
    await expectRefused(
      ended,
      3,
      /the credentials belong to account 123456789012 \(arn:\S+\), expected 210987654321/,
      /next: use credentials of the expected account/,
    )
  })

  test('region: the cluster is not there', async () => {
    const ended = await run({ edit: ({ aws }) => void Object.assign(aws, { region: 'eu-west-1' }) })
    await expectRefused(
      ended,
      3,
      /no EKS cluster "\S+" in eu-west-1 of account 123456789012/,
      /next: .*aws eks list-clusters --region eu-west-1/,
    )
  })

  test.each([
    ['AWS_REGION', 'eu-west-1', 'aws.region'],
    ['AWS_ACCOUNT_ID', '210987654321', 'aws.accountId'],
    ['EKS_CLUSTER_NAME', 'other', 'cluster.name'],
  ])('%s in the environment contradicts the pin of the file', async (name, value, pin) => {
    const ended = await run({ env: { [name]: value } })
    await expectRefused(
      ended,
      3,
      new RegExp(`${name} in the environment is "${value}", but \\S+:\\d+:\\d+ pins ${pin}`),
      new RegExp(`next: unset ${name}`),
    )
  })

  test('cluster: a context of the right name leads to another API server', async () => {
    const other = `http://127.0.0.1:${await closedPort()}`
    const ended = await run({
      edit: ({ cluster }) =>
        editFile(cluster.connection.path, (kubeconfig) => {
          for (const entry of (kubeconfig as { clusters: { cluster: Tree }[] }).clusters) entry.cluster.server = other
        }),
    })
    await expectRefused(
      ended,
      3,
      new RegExp(`the kubeconfig context leads to ${other}/?, expected the endpoint of EKS cluster`),
      /next: aws eks update-kubeconfig --name/,
    )
  })

  test('context: the kubeconfig has none of that name', async () => {
    const ended = await run({
      edit: ({ cluster }) => void Object.assign(cluster.connection, { context: 'production' }),
    })
    await expectRefused(
      ended,
      3,
      /it has no context "production"; found: proxied/,
      /next: .*kubectl config get-contexts/,
    )
  })
})

describe.sequential('credentials', () => {
  test('that have expired', async () => {
    await faults([{ service: 'sts', fault: 'expired' }])
    const ended = await run({})
    await faults([])
    await expectRefused(ended, 3, /error: .*expired/i, /next: .*(aws sso login|renew)/)
  })

  test('that expire between the guard and the look', async () => {
    await faults([{ service: 'secretsmanager', fault: 'expired' }])
    const ended = await run({})
    await faults([])
    await expectRefused(ended, 3, /could not look at secrets\b[\s\S]*expired/i, /next: .*(aws sso login|renew)/)
  })

  test('that will end before the run may: said, and the run goes on', async () => {
    const soon = new Date(Date.now() + 10 * 60_000).toISOString()
    const ended = await run({
      env: { AWS_SESSION_TOKEN: 'of-a-session', AWS_CREDENTIAL_EXPIRATION: soon },
      command: 'deploy storage --yes --on-existing=skip',
    })
    // Nothing is written where all is there, so nothing is warned of; with something to write the warning comes first.
    expect(ended.code, ended.output).toBe(0)
    const writing = await run({
      env: { AWS_SESSION_TOKEN: 'of-a-session', AWS_CREDENTIAL_EXPIRATION: soon, LLMGW_HELM: join(dir, 'absent') },
    })
    await expectRefused(
      writing,
      3,
      /the AWS session in the environment ends in 9 min.*nothing renews it/,
      /next: install Helm 4/,
    )
    expect(ended.stderr).not.toContain('the AWS session')
  })

  test('that may not look: the action, the resource and AWS’s own sentence', async () => {
    const { AWS_ACCESS_KEY_ID, AWS_SECRET_ACCESS_KEY } = await newUser('guard-reader', [
      'sts:*',
      'eks:*',
      'iam:Get*',
      'iam:List*',
    ])
    const ended = await run({ env: { AWS_ACCESS_KEY_ID, AWS_SECRET_ACCESS_KEY } })
    await expectRefused(
      ended,
      3,
      /could not look at secrets[\s\S]*not authorized to perform: secretsmanager:DescribeSecret/,
      /next: /,
    )
  })

  test('that are none', async () => {
    const ended = await run({
      env: { AWS_ACCESS_KEY_ID: '', AWS_SECRET_ACCESS_KEY: '', AWS_EC2_METADATA_DISABLED: 'true' },
    })
    await expectRefused(ended, 3, /error: .*credentials/, /next: /)
  })
})

describe.sequential('tools and cluster', () => {
  test('the API server does not answer', async () => {
    const ended = await run({ edit: (_config, { kube }) => kube.close() })
    await expectRefused(
      ended,
      3,
      /error: .*(cannot|could not|not) .*reach|error: .*unreachable|ECONNREFUSED/i,
      /next: /,
    )
  })

  test('there is no helm', async () => {
    const ended = await run({ env: { LLMGW_HELM: join(dir, 'absent') } })
    await expectRefused(
      ended,
      3,
      /helm 4\.1\.0 or newer is needed, and "\S+absent" cannot be started/,
      /next: install Helm 4/,
    )
  })

  test('helm is too old', async () => {
    const old = join(dir, 'helm')
    await writeFile(old, '#!/bin/sh\necho v3.17.3\n')
    await chmod(old, 0o755)
    const ended = await run({ env: { LLMGW_HELM: old } })
    await expectRefused(ended, 3, /helm 4\.1\.0 or newer is needed, "\S+helm" is 3\.17\.3/, /next: install Helm 4/)
  })

  test('volumes would find no storage class, and none may be made', async () => {
    const classes = { apiVersion: 'storage.k8s.io/v1', kind: 'StorageClass' }
    const [standard] = await sandbox.at.kube.list(classes)
    if (!standard) throw new Error('the sandbox has no storage class')
    const { name, annotations = {} } = standard.metadata
    const mark = (value: string | null) =>
      sandbox.at.kube.patch(
        { ...classes, name },
        { metadata: { annotations: { 'storageclass.kubernetes.io/is-default-class': value } } },
      )
    expect(annotations['storageclass.kubernetes.io/is-default-class']).toBe('true')
    await mark(null)
    const unmarked = await state()
    const ended = await run({ edit: ({ storage }) => void Object.assign(storage, { manage: 'off' }) })
    const after = await state()
    await mark('true')
    expect(after).toEqual(unmarked)
    await expectRefused(
      ended,
      3,
      /volumes would not be made: default StorageClass: none, and storage\.manage is off/,
      /next: set storage\.manage to create/,
    )
  })
})

describe.sequential('a file that', () => {
  const refusedFile = async (text: string): Promise<Ended> => {
    const config = join(dir, 'llmgw.yaml')
    await writeFile(config, text)
    return await llmgw(['deploy', 'all', '--yes', '--config', config], { env: sandbox.env })
  }
  const valid = 'apiVersion: llmgw/v1\naws: { region: us-east-1 }\ncluster: { name: demo }\n'

  test.each([
    ['is no YAML', 'aws: { region: us-east-1\n', /llmgw\.yaml:\d+:\d+: /],
    ['has a tab for an indent', 'aws:\n\tregion: us-east-1\n', /llmgw\.yaml:2:\d+: /],
    ['names a key twice', `${valid}deployment: a\ndeployment: b\n`, /llmgw\.yaml:5:1: /],
    ['has an unknown key', `${valid}casche: { kind: none }\n`, /llmgw\.yaml:4:1: casche: .*did you mean "cache"/],
    [
      'has an unknown key far below',
      valid.replace('us-east-1 }', 'us-east-1, acountId: "1" }'),
      /aws\.acountId: .*did you mean "accountId"/,
    ],
    ['is a list', '- a\n', /llmgw\.yaml/],
    ['expands without end', `a: &a [x, x]\nb: &b [*a, *a]\nc: &c [*b, *b]\n${valid}`, /llmgw\.yaml/],
    ['reaches for prototypes', `${valid}__proto__: { polluted: true }\n`, /__proto__/],
    ['names a deployment with a command in it', `${valid}deployment: "$(touch /tmp/x)"\n`, /deployment: /],
    ['names a namespace that climbs', `${valid}namespaces: { gateway: ../kube-system }\n`, /namespaces\.gateway: /],
    [
      'hides a command in a terminal escape',
      `${valid}deployment: "a\\u001b]0;owned\\u0007"\n`,
      /deployment: .*u\{1b\}/,
    ],
    [
      'names a cluster that is a flag',
      `${valid.replace('name: demo', 'name: "--kubeconfig=/etc/passwd"')}`,
      /cluster\.name: /,
    ],
    ['has bytes that are no text', '\u0000\u0001binary', /llmgw\.yaml/],
  ])('%s', async (_what, text, place) => {
    const ended = await refusedFile(text)
    expect(ended.code, ended.output).toBe(2)
    expect(ended.stderr).toMatch(place)
    // biome-ignore lint/suspicious/noControlCharactersInRegex: they are what must not be there
    expect(ended.output).not.toMatch(/[\u0000-\u0008\u000b-\u001f\u007f]/)
    expect(await state()).toEqual(before)
  })
})

/** A user of the emulated account who may do only this. */
async function newUser(name: string, actions: readonly string[]) {
  const { endpoint, region, accessKeyId, secretAccessKey } = sandbox.connection.aws
  const iam = new IAMClient({ endpoint, region, credentials: { accessKeyId, secretAccessKey } })
  await iam.send(new CreateUserCommand({ UserName: name }))
  const PolicyDocument = JSON.stringify({
    Version: '2012-10-17',
    Statement: [{ Effect: 'Allow', Action: actions, Resource: '*' }],
  })
  await iam.send(new PutUserPolicyCommand({ UserName: name, PolicyName: 'all', PolicyDocument }))
  const { AccessKey } = await iam.send(new CreateAccessKeyCommand({ UserName: name }))
  iam.destroy()
  return { AWS_ACCESS_KEY_ID: AccessKey?.AccessKeyId ?? '', AWS_SECRET_ACCESS_KEY: AccessKey?.SecretAccessKey ?? '' }
}
