import { readFile } from 'node:fs/promises'
import { expect, it } from 'vitest'
import { checkPolicies, statementFaults } from '../../src/cli/validate/policies.ts'
import { fakeWorld } from '../fakes/fake-world.ts'

const ALLOW = { Sid: 'One', Effect: 'Allow', Action: 's3:GetObject', Resource: ['arn:aws:s3:::b/k'] }
const TRUST = {
  Effect: 'Allow',
  Action: 'sts:AssumeRoleWithWebIdentity',
  Principal: { Federated: 'arn:aws:iam::1:oidc-provider/x' },
  Condition: { StringEquals: { 'x:sub': 'a', 'x:aud': 'b' } },
}

it.each([
  ['policy', ALLOW, []],
  ['policy', { ...ALLOW, Effect: 'Maybe' }, ['has no Effect']],
  ['policy', { ...ALLOW, Action: [] }, ['has no Action']],
  ['policy', { ...ALLOW, Action: 's3:*' }, ['allows actions by a wildcard']],
  ['policy', { ...ALLOW, Resource: '*' }, ['names *, expected exact ARNs']],
  ['policy', { ...ALLOW, Resource: undefined }, ['has no Resource']],
  ['policy', { ...ALLOW, Sid: '${open}' }, ['variable ${open} is not filled in']],
  ['trust', TRUST, []],
  ['trust', { ...TRUST, Principal: '*' }, ['has no federated Principal']],
  ['trust', { ...TRUST, Condition: {} }, ['does not tie the token to a service account and an audience']],
] as const)('a statement of a %s document %#', (kind, statement, faults) => {
  expect(statementFaults(statement, kind)).toEqual(faults)
})

it('places what is wrong in the document', async () => {
  const { config, assets } = fakeWorld()
  const text = async (path: string) => {
    const shipped = await readFile(new URL(`../../${path}`, import.meta.url), 'utf8')
    return path === 'iam/gateway.policy.json' ? shipped.replace('"bedrock:InvokeModel"', '"bedrock:*"') : shipped
  }
  expect(await checkPolicies(config, assets)).toEqual([])
  expect(await checkPolicies(config, { ...assets, text })).toEqual([
    expect.objectContaining({
      file: 'iam/gateway.policy.json',
      line: 4,
      message: 'statement InvokeConfiguredModels: allows actions by a wildcard',
    }),
  ])
})
