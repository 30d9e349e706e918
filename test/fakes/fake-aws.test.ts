import { randomUUID } from 'node:crypto'
import { describe, expect, it } from 'vitest'
import { describeBundleContract } from '../contracts/bundles.ts'
import { describeEksContract } from '../contracts/eks.ts'
import { describeIamContract } from '../contracts/iam.ts'
import { describeSecretsManagerContract } from '../contracts/secrets-manager.ts'
import { describeStsContract } from '../contracts/sts.ts'
import { fakeAws } from './fake-aws.ts'
import { seededSecret } from './fake-secrets-manager.ts'
import { fakeToken } from './fake-token.ts'

const url = 'oidc.eks.us-east-1.amazonaws.com/id/ABC'
const provider = { arn: `arn:aws:iam::123456789012:oidc-provider/${url}`, url, audiences: ['sts.amazonaws.com'] }
const uniqueName = () => `test-${randomUUID()}`

describeIamContract('fake', async () => {
  const { iam, state } = fakeAws({ oidcProviders: [provider] })
  return { iam, uniqueName, accountId: state.accountId, provider: { ...provider, audience: 'sts.amazonaws.com' } }
})

describeSecretsManagerContract('fake', async () => {
  const { secretsManager, state } = fakeAws()
  const makeEmpty = async (name: string) => {
    state.secrets.set(name, seededSecret(state, { name }))
  }
  return { secretsManager, uniqueName, makeEmpty }
})

describeBundleContract('fake', async () => ({ whole: fakeAws().secretsManager, uniqueName }))

describeEksContract('fake', async () => {
  const { eks, state } = fakeAws({ clusters: [{ name: 'demo', oidcIssuer: `https://${url}` }] })
  return { eks, cluster: { name: 'demo', region: state.region, accountId: state.accountId } }
})

describeStsContract('fake', async () => {
  const { sts, iam, state } = fakeAws({ oidcProviders: [provider] })
  const token = (sub: string, aud = 'sts.amazonaws.com') => fakeToken({ iss: url, sub, aud: [aud] })
  const expected = { accountId: state.accountId, arn: /:user\/operator$/ }
  return { sts, iam, expected, provider, uniqueName, token }
})

describe('fakeAws', () => {
  it('records writes apart from reads, and throws a planted failure once', async () => {
    const aws = fakeAws({ secrets: [{ name: 'a', value: 'secret-value' }] })
    aws.failNext('secretsManager.scheduleDeletion', new Error('planted'))
    await expect(aws.secretsManager.scheduleDeletion('a', 7)).rejects.toThrow('planted')
    expect(aws.writes).toEqual([])
    await aws.secretsManager.describe('a')
    await aws.secretsManager.scheduleDeletion('a', 7)
    expect(aws.writes).toEqual(['secretsManager.scheduleDeletion a'])
    expect(aws.calls).toHaveLength(3)
    expect((await aws.secretsManager.describe('a'))?.deletedAt).toBeDefined()
  })
})
