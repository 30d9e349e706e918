import { readdir, readFile } from 'node:fs/promises'
import { describe, expect, it } from 'vitest'
import type { Config } from '../../src/config/schema.ts'
import type { PolicyDocument, Target } from '../../src/ports/index.ts'
import { documentValues, IAM_DOCUMENTS, type IrsaRole, renderPolicy } from '../../steps/iam-document.ts'

const target: Target = {
  accountId: '123456789012',
  region: 'eu-west-1',
  partition: 'aws',
  clusterName: 'demo',
  clusterArn: 'arn:aws:eks:eu-west-1:123456789012:cluster/demo',
  oidcIssuer: 'oidc.eks.eu-west-1.amazonaws.com/id/ABC',
  sandbox: false,
}

type Parts = Pick<Config, 'namespaces' | 'irsa' | 'secrets' | 'models'>

const item = (remote: string) => ({ class: 'generated', remote, format: 'hex', bytes: 32, description: '' }) as const
const parts: Parts = {
  namespaces: { gateway: 'litellm', ui: 'ui', monitoring: 'monitoring', secrets: 'eso', policy: 'gatekeeper-system' },
  irsa: {
    gateway: { roleName: 'gateway', serviceAccount: 'litellm-sa' },
    externalSecrets: { roleName: 'eso', serviceAccount: 'external-secrets' },
  },
  secrets: {
    layout: 'split',
    bundle: 'llm-gateway/api-keys',
    prefix: 'prod/',
    storeName: 'store',
    refreshInterval: '1h',
    items: { master: item('litellm/master-key'), webui: item('openwebui/key'), unused: item('litellm/unused') },
    synced: [
      { namespace: 'gateway', name: 'one', keys: { 'master-key': 'master' } },
      { namespace: 'ui', name: 'two', keys: { key: 'webui', 'openai-api-key': 'master' } },
    ],
  },
  models: [
    { name: 'sonnet', provider: 'bedrock', model: 'eu.anthropic.claude-x-v1:0', regions: ['eu-west-1', 'eu-north-1'] },
    { name: 'sonar', provider: 'perplexity', model: 'sonar' },
  ],
}

const configured = (more: Partial<Parts> = {}): Config => ({ ...parts, ...more }) as Config

async function rendered(role: IrsaRole, kind: 'trust' | 'policy', config = configured(), where = target) {
  const template: unknown = JSON.parse(await readFile(IAM_DOCUMENTS[role][kind], 'utf8'))
  return renderPolicy(template, documentValues(config, where, role))
}

/** Whether IAM would allow the action on the resource; conditions count as met. */
function allows(policy: PolicyDocument | undefined, action: string, resource: string): boolean {
  const list = (value: unknown): string[] => [value].flat().map(String)
  const matches = (pattern: string, text: string): boolean => {
    const source = pattern
      .replace(/[.+^${}()|[\]\\]/g, '\\$&')
      .replaceAll('*', '.*')
      .replaceAll('?', '.')
    return new RegExp(`^${source}$`).test(text)
  }
  return (policy?.Statement ?? []).some(
    ({ Effect, Action, Resource }) =>
      Effect === 'Allow' &&
      list(Action).some((one) => matches(one.toLowerCase(), action.toLowerCase())) &&
      list(Resource).some((one) => matches(one, resource)),
  )
}

describe('the trust policies', () => {
  it('let one ServiceAccount in, by exact sub and aud', async () => {
    expect(await rendered('gateway', 'trust')).toEqual({
      Version: '2012-10-17',
      Statement: [
        {
          Sid: 'GatewayServiceAccount',
          Effect: 'Allow',
          Principal: {
            Federated: 'arn:aws:iam::123456789012:oidc-provider/oidc.eks.eu-west-1.amazonaws.com/id/ABC',
          },
          Action: 'sts:AssumeRoleWithWebIdentity',
          Condition: {
            StringEquals: {
              'oidc.eks.eu-west-1.amazonaws.com/id/ABC:sub': 'system:serviceaccount:litellm:litellm-sa',
              'oidc.eks.eu-west-1.amazonaws.com/id/ABC:aud': 'sts.amazonaws.com',
            },
          },
        },
      ],
    })
  })

  it('differ between the roles in Sid and ServiceAccount only', async () => {
    const text = JSON.stringify(await rendered('externalSecrets', 'trust'))
    expect(
      text
        .replace('system:serviceaccount:eso:external-secrets', 'system:serviceaccount:litellm:litellm-sa')
        .replace('ExternalSecretsServiceAccount', 'GatewayServiceAccount'),
    ).toBe(JSON.stringify(await rendered('gateway', 'trust')))
  })
})

describe('the policy of External Secrets', () => {
  const live = (name: string, suffix = 'AbC123') =>
    `arn:aws:secretsmanager:eu-west-1:123456789012:secret:${name}-${suffix}`

  it('reads every secret that is referenced', async () => {
    const policy = await rendered('externalSecrets', 'policy')
    for (const name of ['prod/litellm/master-key', 'prod/openwebui/key'])
      for (const action of ['GetSecretValue', 'DescribeSecret', 'GetResourcePolicy', 'ListSecretVersionIds'])
        expect(allows(policy, `secretsmanager:${action}`, live(name))).toBe(true)
  })

  it('reads the one secret of a bundle and no other', async () => {
    const bundled = configured({ secrets: { ...parts.secrets, layout: 'bundle' } })
    const policy = await rendered('externalSecrets', 'policy', bundled)
    const action = 'secretsmanager:GetSecretValue'
    expect(allows(policy, action, live('prod/llm-gateway/api-keys'))).toBe(true)
    for (const name of ['prod/litellm/master-key', 'llm-gateway/api-keys', 'prod/llm-gateway/api-keys-2'])
      expect(allows(policy, action, live(name))).toBe(false)
  })

  it.each([
    ['a neighbour', live('prod/litellm/master-key2')],
    ['a longer name', live('prod/litellm/master-key-extra')],
    ['a name below it', live('prod/litellm/master-key/x')],
    ['another prefix', live('litellm/master-key')],
    ['a secret that nothing references', live('prod/litellm/unused')],
    ['another account', live('prod/litellm/master-key').replace('123456789012', '999999999999')],
    ['another region', live('prod/litellm/master-key').replace('eu-west-1', 'us-east-1')],
  ])('does not read %s', async (_what, arn) => {
    expect(allows(await rendered('externalSecrets', 'policy'), 'secretsmanager:GetSecretValue', arn)).toBe(false)
  })

  it('writes nothing and decrypts only with the configured key, through Secrets Manager', async () => {
    const key = 'arn:aws:kms:eu-west-1:123456789012:key/1'
    const plain = await rendered('externalSecrets', 'policy')
    expect(allows(plain, 'secretsmanager:PutSecretValue', live('prod/litellm/master-key'))).toBe(false)
    expect(allows(plain, 'kms:Decrypt', key)).toBe(false)
    const encrypted = configured({ secrets: { ...parts.secrets, kmsKeyArn: key } })
    const policy = await rendered('externalSecrets', 'policy', encrypted)
    expect(allows(policy, 'kms:Decrypt', key)).toBe(true)
    expect(policy?.Statement[1]).toEqual({
      Sid: 'DecryptReferencedSecrets',
      Effect: 'Allow',
      Action: 'kms:Decrypt',
      Resource: [key],
      Condition: { StringEquals: { 'kms:ViaService': 'secretsmanager.eu-west-1.amazonaws.com' } },
    })
  })

  it('names the partition of the account', async () => {
    const china = { ...target, partition: 'aws-cn', region: 'cn-north-1' }
    const text = JSON.stringify(await rendered('externalSecrets', 'policy', configured(), china))
    expect(text).toContain('arn:aws-cn:secretsmanager:cn-north-1:')
    expect(text).not.toContain('arn:aws:')
  })
})

describe('the policy of the gateway', () => {
  it('invokes the configured models and nothing else', async () => {
    expect(await rendered('gateway', 'policy')).toEqual({
      Version: '2012-10-17',
      Statement: [
        {
          Sid: 'InvokeConfiguredModels',
          Effect: 'Allow',
          Action: ['bedrock:InvokeModel', 'bedrock:InvokeModelWithResponseStream'],
          Resource: [
            'arn:aws:bedrock:eu-north-1::foundation-model/anthropic.claude-x-v1:0',
            'arn:aws:bedrock:eu-west-1:123456789012:inference-profile/eu.anthropic.claude-x-v1:0',
            'arn:aws:bedrock:eu-west-1::foundation-model/anthropic.claude-x-v1:0',
          ],
        },
      ],
    })
  })

  it('does not exist where no Bedrock model is configured', async () => {
    const none = configured({ models: parts.models.filter(({ provider }) => provider !== 'bedrock') })
    expect(await rendered('gateway', 'policy', none)).toBeUndefined()
  })
})

describe('renderPolicy', () => {
  it('keeps the variables of IAM and refuses one of ours that stands for nothing', () => {
    const template = (Resource: string) => ({ Version: '2012-10-17', Statement: [{ Resource: [Resource] }] })
    expect(renderPolicy(template('arn:${aws:username}'), {})?.Statement[0]?.Resource).toEqual(['arn:${aws:username}'])
    expect(() => renderPolicy(template('arn:${nothing}'), {})).toThrow('${nothing}')
    expect(() => renderPolicy(template('${nothing}'), {})).toThrow('${nothing}')
    expect(() => renderPolicy(template('arn:${list}'), { list: ['a'] })).toThrow('${list}')
  })
})

it('every document of iam/ belongs to a role, and every role has its documents', async () => {
  const named = Object.values(IAM_DOCUMENTS).flatMap(({ trust, policy }) => [trust, policy])
  const files = (await readdir('iam')).filter((file) => file.endsWith('.json')).map((file) => `iam/${file}`)
  expect(files.sort()).toEqual([...named].sort())
})
