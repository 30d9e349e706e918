import { generateKeyPairSync } from 'node:crypto'
import { writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import { DescribeClusterCommand, EKSClient } from '@aws-sdk/client-eks'
import {
  CreateRoleCommand,
  DeleteRolePolicyCommand,
  IAMClient,
  ListOpenIDConnectProvidersCommand,
  ListRolesCommand,
  PutRolePolicyCommand,
  UpdateAssumeRolePolicyCommand,
} from '@aws-sdk/client-iam'
import {
  CreateSecretCommand,
  GetSecretValueCommand,
  ListSecretsCommand,
  SecretsManagerClient,
} from '@aws-sdk/client-secrets-manager'
import { AssumeRoleWithWebIdentityCommand, GetCallerIdentityCommand, STSClient } from '@aws-sdk/client-sts'
import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import { awsPart } from '../../src/sandbox/aws/index.ts'
import { newSigner, startEmulator } from './emulator.ts'

type Emulator = Awaited<ReturnType<typeof startEmulator>>
let emulator: Emulator
let iam: IAMClient
let secrets: SecretsManagerClient

beforeAll(async () => {
  emulator = await startEmulator('iam-test')
  iam = new IAMClient(emulator.client)
  secrets = new SecretsManagerClient(emulator.client)
})
afterAll(async () => await emulator.end())

const subject = 'system:serviceaccount:external-secrets:external-secrets'
const claims = (changes: object = {}) => ({
  iss: emulator.world.oidcIssuer,
  sub: subject,
  aud: ['sts.amazonaws.com'],
  exp: Math.floor(Date.now() / 1000) + 600,
  ...changes,
})

function trust(condition?: object) {
  const issuer = emulator.world.oidcIssuer.replace('https://', '')
  const exact = { StringEquals: { [`${issuer}:sub`]: subject, [`${issuer}:aud`]: 'sts.amazonaws.com' } }
  const provider = `arn:aws:iam::${emulator.world.aws.accountId}:oidc-provider/${issuer}`
  const statement = {
    Effect: 'Allow',
    Principal: { Federated: provider },
    Action: 'sts:AssumeRoleWithWebIdentity',
    Condition: condition ?? exact,
  }
  return JSON.stringify({ Version: '2012-10-17', Statement: [statement] })
}

const roleArn = (name: string) => `arn:aws:iam::${emulator.world.aws.accountId}:role/${name}`
const makeRole = async (name: string, document = trust()) =>
  await iam.send(new CreateRoleCommand({ RoleName: name, AssumeRolePolicyDocument: document }))

async function allow(role: string, ...statements: object[]) {
  const PolicyDocument = JSON.stringify({ Version: '2012-10-17', Statement: statements })
  await iam.send(new PutRolePolicyCommand({ RoleName: role, PolicyName: 'test', PolicyDocument }))
}

async function assume(role: string, token = emulator.signer(claims())) {
  const sts = new STSClient({ ...emulator.client, credentials: { accessKeyId: 'none', secretAccessKey: 'none' } })
  const answer = await sts.send(
    new AssumeRoleWithWebIdentityCommand({ RoleArn: roleArn(role), RoleSessionName: 'pod', WebIdentityToken: token }),
  )
  const { AccessKeyId = '', SecretAccessKey = '', SessionToken = '' } = answer.Credentials ?? {}
  return { accessKeyId: AccessKeyId, secretAccessKey: SecretAccessKey, sessionToken: SessionToken }
}

async function read(role: string, name: string) {
  const client = new SecretsManagerClient({ ...emulator.client, credentials: await assume(role) })
  return (await client.send(new GetSecretValueCommand({ SecretId: name }))).SecretString
}

const arnOf = async (name: string) => (await secrets.send(new GetSecretValueCommand({ SecretId: name }))).ARN ?? ''

describe('the seeded account', () => {
  test('has the cluster, its identity provider and the secrets that a platform team would have made', async () => {
    const { cluster } = await new EKSClient(emulator.client).send(
      new DescribeClusterCommand({ name: emulator.world.aws.clusterName }),
    )
    expect(cluster).toMatchObject({
      status: 'ACTIVE',
      version: '1.35',
      identity: { oidc: { issuer: emulator.world.oidcIssuer } },
    })
    expect(cluster?.resourcesVpcConfig?.subnetIds).toHaveLength(3)
    const { OpenIDConnectProviderList } = await iam.send(new ListOpenIDConnectProvidersCommand({}))
    const issuer = emulator.world.oidcIssuer.replace('https://', '')
    expect(OpenIDConnectProviderList?.map(({ Arn }) => Arn)).toEqual([
      `arn:aws:iam::${emulator.world.aws.accountId}:oidc-provider/${issuer}`,
    ])
    const { SecretList } = await secrets.send(new ListSecretsCommand({}))
    expect(SecretList?.map(({ Name }) => Name)).toContain('litellm/database-url')
  })

  test('shows the API server of the cluster once there is one', async () => {
    const cluster = { server: 'https://127.0.0.1:6443', 'certificate-authority-data': 'Y2E=' }
    await writeFile(emulator.world.kubeconfig, JSON.stringify({ clusters: [{ cluster }] }))
    const answer = await new EKSClient(emulator.client).send(
      new DescribeClusterCommand({ name: emulator.world.aws.clusterName }),
    )
    expect(answer.cluster).toMatchObject({ endpoint: cluster.server, certificateAuthority: { data: 'Y2E=' } })
  })

  test('is the same after a restart, and what was made since is gone', async () => {
    const before = await secrets.send(new GetSecretValueCommand({ SecretId: 'litellm/database-url' }))
    await secrets.send(new CreateSecretCommand({ Name: 'made/later', SecretString: 'x' }))
    await emulator.restart()
    const after = await secrets.send(new GetSecretValueCommand({ SecretId: 'litellm/database-url' }))
    expect([after.ARN, after.VersionId, after.SecretString]).toEqual([
      before.ARN,
      before.VersionId,
      before.SecretString,
    ])
    await expect(secrets.send(new GetSecretValueCommand({ SecretId: 'made/later' }))).rejects.toMatchObject({
      name: 'ResourceNotFoundException',
    })
    const health = await awsPart.health(emulator.world)
    expect(health).toMatchObject({ state: 'running', detail: expect.stringContaining('gone') })
  })
})

describe('access keys', () => {
  const unknown = { accessKeyId: 'AKIAUNKNOWN000000000', secretAccessKey: 'x' }

  test.each([
    [
      'JSON',
      () => new SecretsManagerClient({ ...emulator.client, credentials: unknown }).send(new ListSecretsCommand({})),
      'UnrecognizedClientException',
    ],
    [
      'query',
      () => new IAMClient({ ...emulator.client, credentials: unknown }).send(new ListRolesCommand({})),
      'InvalidClientTokenId',
    ],
    [
      'REST',
      () => new EKSClient({ ...emulator.client, credentials: unknown }).send(new DescribeClusterCommand({ name: 'x' })),
      'UnrecognizedClientException',
    ],
  ])('that are unknown are refused by services that speak %s', async (_protocol, call, name) => {
    await expect(call()).rejects.toMatchObject({ name })
  })

  test('of the administrator pass, and have a name', async () => {
    const { Arn } = await new STSClient(emulator.client).send(new GetCallerIdentityCommand({}))
    expect(Arn).toBe(`arn:aws:iam::${emulator.world.aws.accountId}:user/sandbox-admin`)
  })

  test('and requests without any signature are refused', async () => {
    const answer = await fetch(`${emulator.world.aws.endpoint}/`, {
      method: 'POST',
      headers: { 'content-type': 'application/x-www-form-urlencoded' },
      body: 'Action=ListRoles&Version=2010-05-08',
    })
    expect(answer.ok).toBe(false)
    expect(await answer.text()).not.toContain('<Roles>')
  })
})

describe('identity policies', () => {
  const get = ['secretsmanager:GetSecretValue', 'secretsmanager:DescribeSecret']

  test('allow the exact ARN with its six unknown characters, and nothing else', async () => {
    await makeRole('exact')
    const wildcard = (await arnOf('litellm/database-url')).replace(/.{6}$/, '??????')
    await allow('exact', { Effect: 'Allow', Action: get, Resource: [wildcard] })
    expect(await read('exact', 'litellm/database-url')).toContain('postgresql://')
    const other = await arnOf('openwebui/oidc-client-id')
    await expect(read('exact', 'openwebui/oidc-client-id')).rejects.toMatchObject({
      name: 'AccessDeniedException',
      message:
        `User: arn:aws:sts::${emulator.world.aws.accountId}:assumed-role/exact/pod is not authorized to perform: ` +
        `secretsmanager:GetSecretValue on resource: ${other} because no identity-based policy allows the secretsmanager:GetSecretValue action`,
    })
  })

  test('tell a secret that does not exist from one that may not be read', async () => {
    await makeRole('absent')
    const prefix = `arn:aws:secretsmanager:${emulator.world.aws.region}:${emulator.world.aws.accountId}:secret:`
    await allow('absent', { Effect: 'Allow', Action: get, Resource: `${prefix}made/never-??????` })
    await expect(read('absent', 'made/never')).rejects.toMatchObject({ name: 'ResourceNotFoundException' })
    await expect(read('absent', 'made/neither')).rejects.toMatchObject({
      name: 'AccessDeniedException',
      message: expect.stringContaining('on resource: made/neither because'),
    })
  })

  test('put an explicit Deny above every Allow', async () => {
    await makeRole('denied')
    const Resource = await arnOf('litellm/database-url')
    const everything = { Effect: 'Allow', Action: '*', Resource: '*' }
    await allow('denied', everything)
    expect(await read('denied', 'litellm/database-url')).toContain('postgresql://')
    await allow('denied', everything, { Effect: 'Deny', Action: 'secretsmanager:Get*', Resource })
    await expect(read('denied', 'litellm/database-url')).rejects.toMatchObject({
      name: 'AccessDeniedException',
      message: expect.stringContaining('with an explicit deny in an identity-based policy'),
    })
  })

  test('with a condition that cannot be judged do not allow', async () => {
    await makeRole('conditional')
    const statement = { Effect: 'Allow', Action: '*', Resource: '*' }
    const here = { 'aws:RequestedRegion': emulator.world.aws.region }
    await allow('conditional', { ...statement, Condition: { StringEquals: here } })
    expect(await read('conditional', 'litellm/database-url')).toContain('postgresql://')
    await allow('conditional', { ...statement, Condition: { NumericLessThan: here } })
    await expect(read('conditional', 'litellm/database-url')).rejects.toMatchObject({ name: 'AccessDeniedException' })
  })

  test('are looked up at every call', async () => {
    await makeRole('changing')
    await allow('changing', { Effect: 'Allow', Action: get, Resource: '*' })
    expect(await read('changing', 'litellm/database-url')).toContain('postgresql://')
    await iam.send(new DeleteRolePolicyCommand({ RoleName: 'changing', PolicyName: 'test' }))
    await expect(read('changing', 'litellm/database-url')).rejects.toMatchObject({ name: 'AccessDeniedException' })
  })
})

describe('AssumeRoleWithWebIdentity', () => {
  beforeAll(async () => {
    await makeRole('irsa')
  })

  test('gives credentials for the token that the trust policy names', async () => {
    expect((await assume('irsa')).accessKeyId).toMatch(/^ASIA/)
  })

  const foreign = generateKeyPairSync('rsa', { modulusLength: 2048 }).privateKey
  test.each([
    [
      'another subject',
      () => emulator.signer(claims({ sub: 'system:serviceaccount:other:external-secrets' })),
      'AccessDenied',
    ],
    [
      'another audience',
      () => emulator.signer(claims({ aud: ['https://kubernetes.default.svc'] })),
      'InvalidIdentityTokenException',
    ],
    [
      'another issuer',
      () => emulator.signer(claims({ iss: 'https://issuer.invalid' })),
      'InvalidIdentityTokenException',
    ],
    ['an end in the past', () => emulator.signer(claims({ exp: 1 })), 'ExpiredTokenException'],
    ['the signature of another key', () => emulator.signer(claims(), foreign), 'InvalidIdentityTokenException'],
    [
      'an unknown key id',
      () => emulator.signer(claims(), undefined, { alg: 'RS256', kid: 'other' }),
      'InvalidIdentityTokenException',
    ],
    [
      'no algorithm',
      () => emulator.signer(claims(), undefined, { alg: 'none', kid: 'test' }),
      'InvalidIdentityTokenException',
    ],
    ['no form of a token', () => 'nonsense', 'InvalidIdentityTokenException'],
  ])('refuses a token with %s', async (_fault, token, name) => {
    await expect(assume('irsa', token())).rejects.toMatchObject({ name })
  })

  test('refuses a role that does not exist as one that does not trust', async () => {
    await expect(assume('nobody')).rejects.toMatchObject({
      name: 'AccessDenied',
      message: 'Not authorized to perform sts:AssumeRoleWithWebIdentity',
    })
  })

  test('honours StringLike, and refuses what it cannot judge', async () => {
    const key = `${emulator.world.oidcIssuer.replace('https://', '')}:sub`
    const change = async (condition: object) =>
      await iam.send(new UpdateAssumeRolePolicyCommand({ RoleName: 'irsa', PolicyDocument: trust(condition) }))
    await change({ StringLike: { [key]: 'system:serviceaccount:*:external-secrets' } })
    expect((await assume('irsa')).accessKeyId).toMatch(/^ASIA/)
    await change({ StringLike: { [key]: 'system:serviceaccount:other:*' } })
    await expect(assume('irsa')).rejects.toMatchObject({ name: 'AccessDenied' })
    await change({ Bool: { [key]: 'true' } })
    await expect(assume('irsa')).rejects.toMatchObject({ name: 'AccessDenied' })
    await change({ StringLike: { [key]: '*' } })
    expect((await assume('irsa')).accessKeyId).toMatch(/^ASIA/)
  })

  test('follows a change of the signing keys', async () => {
    const old = emulator.signer(claims())
    const next = await newSigner(emulator.world.dir)
    expect((await assume('irsa', next(claims()))).accessKeyId).toMatch(/^ASIA/)
    await expect(assume('irsa', old)).rejects.toMatchObject({ name: 'InvalidIdentityTokenException' })
  })
})

describe('rehearsed faults', () => {
  const faults = async (entries: readonly object[]) =>
    await writeFile(join(emulator.world.dir, 'aws', 'faults.json'), JSON.stringify(entries))

  test('strike as often as asked, and where asked', async () => {
    await faults([{ service: 'secretsmanager', action: 'GetSecretValue', fault: 'throttled', times: 1 }])
    await expect(arnOf('litellm/database-url')).rejects.toMatchObject({ name: 'ThrottlingException' })
    expect(await arnOf('litellm/database-url')).toContain(':secret:')
    await faults([{ service: 'iam', fault: 'expired' }])
    await expect(iam.send(new ListRolesCommand({}))).rejects.toMatchObject({ name: 'ExpiredToken' })
    await faults([])
    expect((await iam.send(new ListRolesCommand({}))).Roles?.length).toBeGreaterThan(0)
  })
})

test("moto's own controls, which know no IAM, are closed", async () => {
  for (const path of ['/moto-api/', '/moto-api/data.json', '/latest/meta-data/iam/security-credentials/']) {
    expect((await fetch(`${emulator.world.aws.endpoint}${path}`)).status).toBe(404)
  }
  expect((await fetch(`${emulator.world.aws.endpoint}/moto-api/reset`, { method: 'POST' })).status).toBe(404)
  expect(await arnOf('litellm/database-url')).toContain(':secret:')
})
