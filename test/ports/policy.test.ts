import fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import type { PolicyDocument } from '../../src/ports/index.ts'
import { parsePolicy, policyDifferences, samePolicy } from '../../src/ports/policy.ts'

const document = (...Statement: Record<string, unknown>[]): PolicyDocument => ({ Version: '2012-10-17', Statement })
const read = {
  Sid: 'Read',
  Effect: 'Allow',
  Action: ['secretsmanager:GetSecretValue', 'secretsmanager:DescribeSecret'],
  Resource: ['arn:a', 'arn:b'],
}
const trust = {
  Effect: 'Allow',
  Principal: { Federated: 'arn:provider' },
  Action: 'sts:AssumeRoleWithWebIdentity',
  Condition: { StringEquals: { 'issuer:sub': 'system:serviceaccount:a:b', 'issuer:aud': 'sts.amazonaws.com' } },
}

describe('samePolicy', () => {
  it.each<[string, Record<string, unknown>]>([
    [
      'order of elements, actions and resources',
      { ...read, Action: [...read.Action].reverse(), Resource: ['arn:b', 'arn:a'] },
    ],
    ['repeated values', { ...read, Resource: ['arn:a', 'arn:b', 'arn:a'] }],
    ['case of actions', { ...read, Action: ['SecretsManager:getsecretvalue', 'secretsmanager:DescribeSecret'] }],
    ['Sid', { ...read, Sid: 'Other' }],
  ])('does not mind %s', (_what, changed) => {
    expect(samePolicy(document(read), document(changed))).toBe(true)
  })

  it.each<[string, Record<string, unknown>]>([
    ['an action', { ...read, Action: [...read.Action, 'secretsmanager:PutSecretValue'] }],
    ['a resource less', { ...read, Resource: ['arn:a'] }],
    ['the case of a resource', { ...read, Resource: ['arn:A', 'arn:b'] }],
    ['the effect', { ...read, Effect: 'Deny' }],
    ['a condition', { ...read, Condition: { Bool: { 'aws:SecureTransport': 'true' } } }],
    ['NotAction for Action', { ...read, Action: undefined, NotAction: read.Action }],
  ])('minds %s', (_what, changed) => {
    expect(samePolicy(document(read), document(changed))).toBe(false)
  })

  it('reads text, URL-encoded text, a single statement and single values alike', () => {
    const single = { Version: '2012-10-17', Statement: { ...trust, Action: [trust.Action] } }
    const text = JSON.stringify(single)
    for (const form of [text, encodeURIComponent(text), ` ${text}`])
      expect(samePolicy(form, document(trust))).toBe(true)
    expect(parsePolicy(encodeURIComponent(text)).Statement).toHaveLength(1)
    expect(samePolicy(text.replace('serviceaccount', 'other'), document(trust))).toBe(false)
  })

  it('reads a per cent sign in JSON text as it stands', () => {
    const odd = document({ ...read, Resource: 'arn:a%20b+c' })
    expect(parsePolicy(JSON.stringify(odd))).toEqual(odd)
    expect(parsePolicy(encodeURIComponent(JSON.stringify(odd)))).toEqual(odd)
  })

  it('knows the forms of a principal and of condition keys', () => {
    const of = (Principal: unknown) => document({ Effect: 'Allow', Action: 'a:b', Principal })
    expect(samePolicy(of('*'), of({ AWS: '*' }))).toBe(true)
    expect(samePolicy(of({ AWS: '123456789012' }), of({ AWS: ['arn:aws:iam::123456789012:root'] }))).toBe(true)
    expect(samePolicy(of({ AWS: '123456789012' }), of({ AWS: ['arn:aws:iam::123456789012:user/u'] }))).toBe(false)
    const when = (Condition: unknown) => document({ ...read, Condition })
    expect(
      samePolicy(when({ Bool: { 'aws:SecureTransport': true } }), when({ Bool: { 'AWS:securetransport': ['true'] } })),
    ).toBe(true)
    expect(samePolicy(when({ StringLike: { k: 'v' } }), when({ StringEquals: { k: 'v' } }))).toBe(false)
  })

  it('minds the version, which decides whether variables are filled', () => {
    const { Statement } = document(read)
    expect(samePolicy({ Statement } as unknown as PolicyDocument, { Version: '2008-10-17', Statement })).toBe(true)
    expect(samePolicy({ Statement } as unknown as PolicyDocument, document(read))).toBe(false)
  })

  it('holds for any shuffle of statements and values, and not when one value is taken away', () => {
    const name = fc.stringMatching(/^[a-z]{1,6}$/)
    const statement = fc.record({
      Effect: fc.constantFrom('Allow', 'Deny'),
      Action: fc.uniqueArray(name, { minLength: 1, maxLength: 4 }),
      Resource: fc.uniqueArray(name, { minLength: 2, maxLength: 4 }),
    })
    const statements = fc.uniqueArray(statement, { minLength: 1, maxLength: 4, selector: (one) => JSON.stringify(one) })
    const shuffled = statements.chain((all) =>
      fc.tuple(
        fc.constant(all),
        fc
          .tuple(...all.map((one) => fc.shuffledSubarray(one.Resource, { minLength: one.Resource.length })))
          .map((orders) => all.map((one, index) => ({ ...one, Resource: orders[index] ?? [] })).reverse()),
      ),
    )
    fc.assert(
      fc.property(shuffled, ([all, other]) => {
        expect(policyDifferences(document(...all), document(...other))).toEqual([])
        const [first, ...rest] = all
        const single = { Effect: 'Allow', Action: ['only'], Resource: first?.Resource ?? [] }
        const less = { ...single, Resource: single.Resource.slice(1) }
        expect(samePolicy(document(single, ...rest), document(less, ...rest))).toBe(false)
      }),
    )
  })
})

describe('policyDifferences', () => {
  it('names the value that differs, below the statement that holds it', () => {
    const widened = { ...read, Resource: ['arn:a', 'arn:b', 'arn:c'] }
    expect(policyDifferences(document(trust, read), document(widened, trust))).toEqual([
      { path: 'Statement[Read].Resource', after: 'arn:c' },
    ])
    const wrong = { 'issuer:sub': 'system:serviceaccount:a:wrong', 'issuer:aud': 'sts.amazonaws.com' }
    expect(policyDifferences(document({ ...trust, Condition: { StringEquals: wrong } }), document(trust))).toEqual([
      {
        path: 'Statement[0].Condition.StringEquals.issuer:sub',
        before: 'system:serviceaccount:a:wrong',
        after: 'system:serviceaccount:a:b',
      },
    ])
  })

  it('lists a foreign statement as what goes away, and a missing one as what comes', () => {
    const foreign = { Sid: 'Foreign', Effect: 'Allow', Action: '*', Resource: '*' }
    expect(policyDifferences(document(read, foreign), document(read))).toEqual([
      { path: 'Statement[Foreign].Action', before: '*' },
      { path: 'Statement[Foreign].Effect', before: 'Allow' },
      { path: 'Statement[Foreign].Resource', before: '*' },
    ])
    expect(policyDifferences(document(), document(foreign)).map(({ after }) => after)).toEqual(['*', 'Allow', '*'])
  })
})
