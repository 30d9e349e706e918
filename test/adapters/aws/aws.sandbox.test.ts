import { randomUUID } from 'node:crypto'
import { readFile } from 'node:fs/promises'
import { CreateSecretCommand, SecretsManagerClient } from '@aws-sdk/client-secrets-manager'
import { AssumeRoleWithWebIdentityCommand, STSClient } from '@aws-sdk/client-sts'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { createCaller } from '../../../src/adapters/aws/call.ts'
import { type AwsConnection, connectAws } from '../../../src/adapters/aws/connect-aws.ts'
import { type AwsCredentials, clientSettings, credentialSource } from '../../../src/adapters/aws/connection.ts'
import { createSecretsManager } from '../../../src/adapters/aws/secrets-manager.ts'
import { followDelays } from '../../../src/adapters/delays.ts'
import type { Config } from '../../../src/config/schema.ts'
import type { PolicyDocument, Target } from '../../../src/ports/index.ts'
import { Secret } from '../../../src/secret.ts'
import { documentValues, IAM_DOCUMENTS, renderPolicy } from '../../../steps/iam-document.ts'
import { describeBundleContract } from '../../contracts/bundles.ts'
import { describeEksContract } from '../../contracts/eks.ts'
import { describeIamContract } from '../../contracts/iam.ts'
import { describeSecretsManagerContract } from '../../contracts/secrets-manager.ts'
import { describeStsContract } from '../../contracts/sts.ts'
import { startEmulator } from '../../sandbox-aws/emulator.ts'

let emulator: Awaited<ReturnType<typeof startEmulator>>
beforeAll(async () => {
  emulator = await startEmulator('aws-adapters')
})
afterAll(async () => await emulator.end())

const uniqueName = () => `test-${randomUUID()}`
const account = () => emulator.world.aws
const issuer = () => emulator.world.oidcIssuer.replace('https://', '')
const admin = (): AwsCredentials => account()
const connect = (credentials = admin()): AwsConnection =>
  connectAws({ region: account().region, endpointUrl: account().endpoint, credentials })

describeIamContract('emulator', async () => {
  const { accountId } = account()
  const provider = {
    arn: `arn:aws:iam::${accountId}:oidc-provider/${issuer()}`,
    url: issuer(),
    audience: 'sts.amazonaws.com',
  }
  return { iam: connect().iam, uniqueName, accountId, provider }
})

describeSecretsManagerContract('emulator', async () => ({
  secretsManager: connect().secretsManager,
  uniqueName,
  makeEmpty: async (name) => {
    await new SecretsManagerClient(emulator.client).send(new CreateSecretCommand({ Name: name }))
  },
}))

describeBundleContract('emulator', async () => {
  const { region, endpoint: endpointUrl } = account()
  const credentials = credentialSource({ region, endpointUrl, credentials: admin() })
  const settings = () => clientSettings({ region, endpointUrl }, credentials)
  const call = createCaller({ region, endpointUrl }, { follow: followDelays(() => undefined) })
  return { whole: createSecretsManager(settings, call), uniqueName }
})

describeEksContract('emulator', async () => {
  const { clusterName: name, region, accountId } = account()
  return { eks: connect().eks, cluster: { name, region, accountId } }
})

describeStsContract('emulator', async () => {
  const { sts, iam } = connect()
  const { accountId } = account()
  return {
    sts,
    iam,
    uniqueName,
    expected: { accountId, arn: /^arn:aws:(iam|sts)::/ },
    provider: { arn: `arn:aws:iam::${accountId}:oidc-provider/${issuer()}`, url: issuer() },
    token: (sub, aud = 'sts.amazonaws.com') => new Secret(webIdentity(sub, aud)),
  }
})

/** As the cluster signs it. */
const webIdentity = (sub: string, aud: string): string =>
  emulator.signer({ iss: emulator.world.oidcIssuer, sub, aud: [aud], exp: Math.floor(Date.now() / 1000) + 600 })

const subject = 'system:serviceaccount:eso:external-secrets'
const item = (remote: string) => ({ class: 'generated', remote, format: 'hex', bytes: 32, description: '' }) as const

/** The parts of a configuration that the documents of External Secrets are made from; `prefix` keeps tests apart. */
function configured(prefix: string): Config {
  return {
    namespaces: { gateway: 'g', ui: 'u', monitoring: 'm', secrets: 'eso', policy: 'p' },
    irsa: {
      gateway: { roleName: 'g', serviceAccount: 'g' },
      externalSecrets: { roleName: 'e', serviceAccount: 'external-secrets' },
    },
    secrets: {
      layout: 'split',
      bundle: 'llm-gateway/api-keys',
      prefix,
      items: { master: item('litellm/master-key'), unused: item('litellm/unused') },
      synced: [{ namespace: 'gateway', name: 's', keys: { key: 'master' } }],
    },
    models: [],
  } as unknown as Config
}

async function document(config: Config, kind: 'trust' | 'policy'): Promise<PolicyDocument> {
  const { accountId, region, clusterName } = account()
  const target = { accountId, region, partition: 'aws', clusterName, oidcIssuer: issuer() } as Target
  const template: unknown = JSON.parse(await readFile(IAM_DOCUMENTS.externalSecrets[kind], 'utf8'))
  const made = renderPolicy(template, documentValues(config, target, 'externalSecrets'))
  if (!made) throw new Error('no statement')
  return made
}

/** What a pod of that ServiceAccount gets for its token. */
async function assume(roleName: string, sub: string): Promise<AwsCredentials> {
  const { accountId, region, endpoint } = account()
  const WebIdentityToken = webIdentity(sub, 'sts.amazonaws.com')
  const RoleArn = `arn:aws:iam::${accountId}:role/${roleName}`
  const command = new AssumeRoleWithWebIdentityCommand({ RoleArn, RoleSessionName: 'test', WebIdentityToken })
  const { Credentials } = await new STSClient({ endpoint, region, maxAttempts: 1 }).send(command)
  return {
    accessKeyId: Credentials?.AccessKeyId ?? '',
    secretAccessKey: Credentials?.SecretAccessKey ?? '',
    sessionToken: Credentials?.SessionToken ?? '',
  }
}

describe('the role of External Secrets, with IAM enforced', () => {
  it('reads what is referenced and no neighbour, for its ServiceAccount only', async () => {
    const [role, prefix] = [uniqueName(), `${uniqueName()}/`]
    const config = configured(prefix)
    const { iam, secretsManager } = connect()
    for (const name of ['litellm/master-key', 'litellm/master-key2', 'litellm/unused'])
      await secretsManager.create({ name: prefix + name, value: new Secret(`of ${name}`), description: '', tags: {} })
    await iam.createRole({ name: role, trust: await document(config, 'trust'), tags: {}, description: '' })
    await iam.putInlinePolicy(role, 'read', await document(config, 'policy'))
    const pod = connect(await assume(role, subject)).secretsManager

    expect((await pod.value(`${prefix}litellm/master-key`))?.value.reveal()).toBe('of litellm/master-key')
    expect((await pod.describe(`${prefix}litellm/master-key`))?.name).toBe(`${prefix}litellm/master-key`)
    for (const name of ['litellm/master-key2', 'litellm/unused'])
      await expect(pod.value(prefix + name)).rejects.toMatchObject({
        code: 'AwsDenied',
        message: expect.stringContaining('secretsmanager:GetSecretValue'),
      })
    await expect(pod.purge(`${prefix}litellm/master-key`)).rejects.toMatchObject({ code: 'AwsDenied' })
    await expect(assume(role, 'system:serviceaccount:eso:other')).rejects.toThrow(/not authorized/i)
  })
})
